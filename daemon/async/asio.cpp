// Asio's own code, compiled once (BOOST_ASIO_SEPARATE_COMPILATION): every other file reads only its declarations.
#include <boost/asio/impl/src.hpp>
