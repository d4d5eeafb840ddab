// Nothing of its own: it is the file that the precompiled headers (top CMakeLists.txt) are compiled beside.
