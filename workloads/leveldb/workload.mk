LIBS = -lleveldb -lsnappy -lstdc++ -lm
