LIBS = -llmdb
