# What must be installed, and how.
$(B)/deps-checked:
	@mkdir -p $(@D)
	@touch $@
