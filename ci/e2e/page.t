#!/bin/sh
# The HTML report in a browser: it works with keys, the mouse, filters and
# without its script, light and dark, narrow and printed, also with 100,000 events.
# Pictures of it are kept in .build/artefacts.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

command -v "${CHROMIUM:-chromium}" >"$work/ok.log" ||
	skip_all "there is no Chromium (ci/packages.browser)"
pictures=.build/artefacts
mkdir -p "$pictures"

# page FILE: does what is on standard input; `said NAME` is what `say NAME
# EXPRESSION` in it said.
page() {
	TMPDIR=$work timeout 300 .build/ci/e2e/browse "file://$1" >"$work/said" \
		2>"$work/console"
	status=$?
}
say() { # NAME EXPRESSION
	echo "eval '$1: ' + ($2)"
}
said() { # NAME
	sed -n "s/^$1: //p" "$work/said"
}
no_errors() { # NAME
	is "$status" 0 "$1: the browser did as it was told"
	is "$(cat "$work/console")" "" "$1: the console is silent"
}
canvas="document.querySelector('#lanes')"
rows="document.querySelectorAll('#states tbody tr')"
shown="Array.from($rows).filter(r => r.offsetHeight).length"
shade="getComputedStyle(document.body).backgroundColor"

.build/ci/e2e/invent "$work/small" 600
run_powercut report --format html -o "$work/small.html" "$work/small"
exits 0 "a report with events"

# ---- keys

page "$work/small.html" <<END
$(say title "document.title")
key Tab
$(say first "document.activeElement.id")
key Enter
$(say focus "document.activeElement.id")
$(say finding "$canvas.dataset.finding")
$(say lit "$canvas.dataset.lit")
$(say way "document.querySelector('#lanes-panel').textContent")
key Escape
$(say cleared "$canvas.dataset.lit + document.querySelector('#lanes-panel').textContent")
key ArrowRight
$(say one "$canvas.dataset.selected")
$(say lane_one "$canvas.dataset.lane")
key ArrowRight
$(say two "$canvas.dataset.selected")
$(say lane_two "$canvas.dataset.lane")
key ArrowLeft
$(say back "$canvas.dataset.selected")
key ArrowDown
$(say lane_down "$canvas.dataset.lane")
key Enter
$(say followed "$canvas.dataset.lit")
key +
key -
key Home
key End
eval document.querySelector('#finding-3').focus()
key Enter
$(say third "$canvas.dataset.finding")
$(say open "document.querySelector('.cut.open').dataset.finding")
END
no_errors "keys"
is "$(said title)" "append-log: violated" "keys: the page is there"
is "$(said first)" finding-1 "keys: Tab comes to a finding"
is "$(said focus)" lanes "keys: Enter on it goes to the timeline"
is "$(said finding)" 1 "keys: which shows its cut"
at_least "$(said lit)" 3 "keys: and lights the events of the lost data"
like "$(said way)" "At the cut it had come as far as: page cache" \
	"keys: the way of the data is told in words"
is "$(said cleared)" 0 "keys: Escape clears"
at_least "$(said one)" 1 "keys: an arrow selects an event"
isnt "$(said two)" "$(said one)" "keys: another one goes on"
is "$(said lane_two)" "$(said lane_one)" "keys: in the same lane"
is "$(said back)" "$(said one)" "keys: and back"
isnt "$(said lane_down)" "$(said lane_one)" "keys: down is another lane"
at_least "$(said followed)" 3 "keys: Enter follows the data of an event"
is "$(said third)$(said open)" 33 "keys: another finding, another cut"

# ---- the mouse

page "$work/small.html" <<END
eval $canvas.scrollIntoView({block: 'center'})
eval $canvas.focus({preventScroll: true})
key ArrowDown
$(say selected "$canvas.dataset.selected")
eval window.at = (b => [b.x + Number($canvas.dataset.x), b.y + Number($canvas.dataset.y)])($canvas.getBoundingClientRect())
key Escape
click at
$(say clicked "$canvas.dataset.selected")
$(say lit "$canvas.dataset.lit")
$(say hinted "$canvas.dataset.hinted")
$(say tip "document.querySelector('.tip').textContent")
eval window.step = document.querySelector('.step:not([aria-current])'); step.scrollIntoView({block: 'center'})
click (b => [b.x + 9, b.y + 9])(step.getBoundingClientRect())
$(say stepped "$canvas.dataset.selected")
eval document.querySelector('.overview svg').scrollIntoView({block: 'center'}); window.label = document.querySelector('.tools .dim').textContent
click (b => [b.right - 40, b.y + b.height / 2])(document.querySelector('.overview svg').getBoundingClientRect())
$(say moved "document.querySelector('.tools .dim').textContent !== label")
END
no_errors "mouse"
at_least "$(said selected)" 1 "mouse: there is an event"
is "$(said clicked)" "$(said selected)" "mouse: a click selects what is there"
at_least "$(said lit)" 3 "mouse: and follows its data"
like "$(said tip)" "before the cut" "mouse: what it points at is told"
at_least "$(said hinted)" 3 "mouse: and what shares its data is shown"
isnt "$(said stepped)" "$(said clicked)" \
	"mouse: a step of the way leads to its event"
is "$(said moved)" true "mouse: the drawing of all moves the view"

# ---- filters

page "$work/small.html" <<END
$(say all "$shown")
eval document.querySelector('#filter [name=text]').focus()
type checksum
$(say text "$shown")
$(say told "document.querySelector('#filter output').textContent")
eval document.querySelector('#filter [type=reset]').click()
eval new Promise(r => setTimeout(r))
$(say reset "$shown")
eval (s => { s.value = 'unknown'; s.dispatchEvent(new Event('input', {bubbles: true})); })(document.querySelector('#filter [name=verdict]'))
$(say unknown "$shown")
eval (s => { s.value = s.options[1].value; s.dispatchEvent(new Event('input', {bubbles: true})); })(document.querySelector('#filter [name=cut]'))
$(say cut "$shown")
END
no_errors "filters"
is "$(said all)" 36 "filters: all states are shown at first"
is "$(said text)" 10 "filters: by text"
is "$(said told)" "10 of 36 shown" "filters: how many is told"
is "$(said reset)" 36 "filters: all again"
is "$(said unknown)" 6 "filters: by verdict"
is "$(said cut)" 0 "filters: by verdict and cut"

# ---- looks

page "$work/small.html" <<END
$(say light "$shade")
$(say pixel_light "$canvas.getContext('2d').getImageData(400, 40, 1, 1).data.join()")
shot $pictures/page-light.png
shot $pictures/page-timeline-light.png #timeline
media screen dark
$(say dark "$shade")
$(say pixel_dark "$canvas.getContext('2d').getImageData(400, 40, 1, 1).data.join()")
shot $pictures/page-dark.png
shot $pictures/page-timeline-dark.png #timeline
media screen light
size 400 800
$(say width "document.documentElement.scrollWidth")
shot $pictures/page-narrow.png
size 800 1100
media print dark
$(say print "$shade")
$(say live "document.querySelector('#live').offsetHeight")
$(say filter "document.querySelector('#filter').offsetHeight")
$(say drawing "document.querySelector('.overview svg').getBoundingClientRect().height > 100")
shot $pictures/page-print.png
END
no_errors "looks"
isnt "$(said dark)" "$(said light)" "looks: dark is another page"
isnt "$(said pixel_dark)" "$(said pixel_light)" "looks: and another canvas"
is "$(said width)" 400 "looks: a narrow page does not scroll sideways"
is "$(said print)" "rgb(255, 255, 255)" "looks: paper is white"
is "$(said live)$(said filter)" 00 "looks: no controls on paper"
is "$(said drawing)" true "looks: and the drawing of all"

# ---- a script that is not ours

sed 's/^function duration/function  duration/' "$work/small.html" \
	>"$work/forged.html"
page "$work/forged.html" <<END
$(say class "document.documentElement.className")
$(say live "document.querySelector('#live').hidden")
$(say drawing "document.querySelector('.overview svg').getBoundingClientRect().height > 100")
$(say ways "document.querySelectorAll('.finding .way').length")
$(say states "$shown")
shot $pictures/page-without-script.png
END
is "$(said class)" "" "another script does not run"
like "$(cat "$work/console")" "Content Security Policy" "and is told of"
is "$(said live)$(said drawing)" truetrue "without a script: the drawing"
is "$(said ways)" 3 "without a script: the way of the lost data"
is "$(said states)" 36 "without a script: the states"

# ---- 100,000 events

.build/ci/e2e/invent "$work/big" 100000
start=$(date +%s%N)
run_powercut report --format html -o "$work/big.html" "$work/big"
end=$(date +%s%N)
exits 0 "100,000 events: a report"
page "$work/big.html" <<END
$(say loaded "Math.round(performance.getEntriesByType('navigation')[0].domComplete)")
$(say nodes "document.querySelectorAll('*').length")
eval document.querySelector('.tools button').click()
eval new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))
$(say drawn "Math.round($canvas.dataset.ms)")
$(say where "document.querySelector('.tools .dim').textContent")
shot $pictures/page-many-events.png #timeline
END
no_errors "100,000 events"
diag "made in $(((end - start) / 1000000)) ms," \
	"$(($(wc -c <"$work/big.html") / 1024)) KiB," \
	"loaded in $(said loaded) ms, all drawn in $(said drawn) ms," \
	"$(said nodes) elements"
at_least 3000000 "$(wc -c <"$work/big.html")" "100,000 events: under 3 MB"
at_least 10000 "$(said nodes)" "100,000 events: few elements"
at_least 10000 "$(said loaded)" "100,000 events: there in 10 s"
at_least 1000 "$(said drawn)" "100,000 events: drawn in a second"
like "$(said where)" "18000 of 99979 events" "100,000 events: it says which"

# ---- a real run

run_powercut run --results "$work/runs" workloads/anatomy/page.yaml
exits 0 "a real run"
page "$work/runs/anatomy-page/latest/report.html" <<END
key Tab
key Enter
$(say finding "$canvas.dataset.finding")
$(say lane "$canvas.dataset.lane")
$(say way "document.querySelector('#lanes-panel').textContent")
shot $pictures/page-real.png
END
no_errors "a real run"
is "$(said finding)" 1 "a real run: its finding is shown"
is "$(said lane)" "system call" "a real run: from the call that is accused"
like "$(said way)" "had come as far as: page cache. Nothing of it was seen in" \
	"a real run: and the way of its data"

no_leaks
done_testing
