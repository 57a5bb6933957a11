LIBS = -I/usr/include/hdf5/serial -lhdf5_serial -lsz -laec -lz -lm -ldl
