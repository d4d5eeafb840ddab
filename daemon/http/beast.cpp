// Beast and Asio's TLS compiled once; every other file only declares them.
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
