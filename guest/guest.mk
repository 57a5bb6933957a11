guest-lib:
.PHONY: guest-lib
