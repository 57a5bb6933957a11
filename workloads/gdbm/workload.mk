LIBS = -lgdbm
