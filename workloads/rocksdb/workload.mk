LIBS = -lrocksdb -lsnappy -lz -lbz2 -llz4 -lzstd -lstdc++ -lm -ldl
