LIBS = -lsqlite3 -lm
