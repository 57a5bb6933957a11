LIBS = -lz
