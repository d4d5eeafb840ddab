// Beast compiled once; every other file only declares it.
#include <boost/beast/src.hpp>
