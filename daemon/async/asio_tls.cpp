// Asio's TLS, compiled once; every other file only declares it.
#include <boost/asio/ssl/impl/src.hpp>
