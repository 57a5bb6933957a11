LIBS = -ldb
