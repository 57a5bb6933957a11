LIBS = -lace
