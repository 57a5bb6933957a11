# Counts one program's TAP: prints "PROGRAM PASSED FAILED SKIPPED".
# status: how the program ended, "exit 0" when well.

/^ok( |$)/ { seen++; if (!skip()) passed++ }
/^not ok( |$)/ { seen++; if (!skip()) failed++ }
/^1\.\.[0-9]+/ { planned = substr($1, 4) + 0; plans++ }
/^ *Bail out!/ { bailed = 1 }

# A TODO may fail.
function skip()
{
	if ($0 !~ /# *([Ss][Kk][Ii][Pp]|[Tt][Oo][Dd][Oo])/)
		return 0
	skipped++
	return 1
}

END {
	if (plans == 1 && planned > seen)
		failed += planned - seen
	else if (plans != 1 || planned != seen)
		failed++
	if (!failed && (bailed || status != "exit 0"))
		failed++
	print program, passed + 0, failed + 0, skipped + 0
}
