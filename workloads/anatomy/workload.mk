LIBS = -pthread
