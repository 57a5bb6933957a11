/*
 * The page's script: the timeline in lanes, and filters for the table of
 * states. Nothing is fetched and nothing is stored. All text from the run is
 * set as text, never as markup.
 *
 * One thing is selected at a time: an event, and with it the calls whose data
 * it carries; all events that carry data of one of these calls are lit. Times
 * are ns from the start of the recording.
 */
(function () {
'use strict';

const $ = (id) => document.getElementById(id);

function add(parent, tag, text, attributes) {
	const e = document.createElement(tag);

	if (text)
		e.textContent = text;
	for (const key in attributes || {})
		e.setAttribute(key, attributes[key]);
	parent.append(e);
	return e;
}

function duration(ns) {
	if (ns < 1e3)
		return Math.round(ns) + ' ns';
	if (ns < 1e6)
		return (ns / 1e3).toFixed(1) + ' µs';
	if (ns < 1e9)
		return (ns / 1e6).toFixed(3) + ' ms';
	return (ns / 1e9).toFixed(3) + ' s';
}

/* ---- the table of states ---- */

function options(select, rows, key) {
	const seen = new Set();

	rows.forEach((row) => seen.add(row.dataset[key]));
	for (const value of seen)
		add(select, 'option', value, { value: value });
}

function filters() {
	const form = $('filter'), table = $('states');

	if (!form || !table)
		return;
	const rows = Array.from(table.tBodies[0].rows);
	const verdict = form.elements.verdict, cut = form.elements.cut;
	const text = form.elements.text, out = form.querySelector('output');
	const apply = () => {
		const words = text.value.toLowerCase();
		let n = 0;

		for (const row of rows) {
			const fits =
				(!verdict.value ||
				 row.dataset.verdict === verdict.value) &&
				(!cut.value || row.dataset.cut === cut.value) &&
				row.textContent.toLowerCase().includes(words);

			row.hidden = !fits;
			n += fits;
		}
		out.textContent = n + ' of ' + rows.length + ' shown';
	};

	options(verdict, rows, 'verdict');
	options(cut, rows, 'cut');
	form.addEventListener('input', apply);
	form.addEventListener('submit', (e) => e.preventDefault());
	form.addEventListener('reset', () => setTimeout(apply));
	form.hidden = false;
	apply();
}

/* ---- the data ---- */

const ROWS = 3; /* of events that overlap, in one lane */

/* Numbers of calls in "12,13". */
const calls = (pieces) => pieces ? pieces.split(',').map(Number) : [];

/* Starts become times; each event gets a row in its lane that is free. */
function prepare(r) {
	const free = [];
	let t = 0;

	r.n = r.start.length;
	r.row = new Uint8Array(r.n);
	r.calls = r.pieces.map(calls);
	r.byCall = new Map();
	r.inLane = [];
	for (let i = 0; i < r.n; i++) {
		const lane = r.lane[i];
		const rows = free[lane] || (free[lane] = new Array(ROWS).fill(-1));
		let row = 0;

		t += r.start[i];
		r.start[i] = t;
		while (row < ROWS && rows[row] > t)
			row++;
		if (row === ROWS && Math.min(...rows) < Infinity)
			row = rows.indexOf(Math.min(...rows));
		else if (row === ROWS)
			row = i % ROWS;
		r.row[i] = row;
		rows[row] = r.length[i] < 0 ? Infinity : t + r.length[i];
		(r.inLane[lane] || (r.inLane[lane] = [])).push(i);
		for (const call of r.calls[i]) {
			if (!r.byCall.has(call))
				r.byCall.set(call, []);
			r.byCall.get(call).push(i);
		}
	}
}

/* The first of the indices whose event starts at t or later. */
function lower(r, indices, t) {
	let low = 0, high = indices.length;

	while (low < high) {
		const mid = (low + high) >> 1;

		if (r.start[indices[mid]] < t)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* ---- the timeline ---- */

const LANE = 46, TOP = 26, AXIS = 24, BAR = 10, GAP = 3, NEAR = 5;

class Timeline {
	constructor(data, root) {
		this.data = data;
		this.root = root;
		this.lit = new Set();
		this.hinted = new Set();
		this.selected = this.pointed = -1;
		this.cut = null;
		data.recordings.forEach(prepare);
		this.build();
		this.open(0);
	}

	/* ---- the parts of the page ---- */

	build() {
		const bar = add(this.root, 'div', '', { class: 'tools' });

		this.button(bar, 'All', 'Show the whole recording', () => this.fit());
		this.button(bar, '+', 'Zoom in', () => this.zoom(0.5));
		this.button(bar, '\u2212', 'Zoom out', () => this.zoom(2));
		this.button(bar, '\u2190', 'Earlier', () => this.pan(-0.5));
		this.button(bar, '\u2192', 'Later', () => this.pan(0.5));
		this.where = add(bar, 'span', '', { class: 'dim' });
		const box = add(this.root, 'div', '', { class: 'lanes' });

		this.canvas = add(box, 'canvas', '', {
			tabindex: '0', role: 'application', id: 'lanes',
			'aria-label': 'Events in lanes. Left and right: the ' +
				'event before and after in this lane. Up and ' +
				'down: another lane. Enter: follow its data. ' +
				'Escape: clear. Plus and minus: zoom.',
			'aria-describedby': 'lanes-panel',
		});
		this.tip = add(box, 'div', '', { class: 'tip', hidden: '' });
		add(this.root, 'p', 'Click an event to follow its data through ' +
		    'the layers. Keys: \u2190 \u2192 along a lane, \u2191 \u2193 ' +
		    'to another one, Enter selects, Escape clears, + and \u2212 ' +
		    'zoom. Drag to move, Ctrl and the wheel zoom.',
		    { class: 'dim hint' });
		this.panel = add(this.root, 'div', '', {
			id: 'lanes-panel', 'aria-live': 'polite', class: 'panel',
		});
		this.root.hidden = false;
		this.listen();
		this.overviews();
		this.findings();
	}

	button(parent, text, label, action) {
		add(parent, 'button', text, {
			type: 'button', 'aria-label': label, title: label,
		}).addEventListener('click', action);
	}

	listen() {
		const c = this.canvas;
		const dark = matchMedia('(prefers-color-scheme: dark)');

		c.addEventListener('keydown', (e) => this.key(e));
		c.addEventListener('mousemove', (e) => this.hover(e));
		c.addEventListener('mouseleave', () => {
			this.show_tip(-1);
			this.hint(-1);
		});
		c.addEventListener('pointerdown', (e) => this.grab(e));
		c.addEventListener('wheel', (e) => this.wheel(e),
				   { passive: false });
		c.addEventListener('focus', () => this.later());
		dark.addEventListener('change', () => this.later());
		new ResizeObserver(() => this.later()).observe(c.parentNode);
	}

	/* The drawings of whole recordings choose what the canvas shows. */
	overviews() {
		for (const f of document.querySelectorAll('.overview')) {
			const svg = f.querySelector('svg');

			svg.addEventListener('click', (e) => {
				const box = svg.getBoundingClientRect();
				const d = this.data.drawing;
				const x = (e.clientX - box.left) *
					d.width / box.width - d.left;
				const part = Math.min(1, Math.max(0, x / d.plot));
				const width = this.high - this.low;

				this.open(Number(f.dataset.recording));
				this.look(part * this.r.span - width / 2,
					  part * this.r.span + width / 2);
			});
		}
	}

	findings() {
		this.data.recordings.forEach((r, i) => r.cuts.forEach((cut) => {
			const card = $('finding-' + cut.finding);

			if (!card)
				return;
			const show = () => this.show_finding(i, cut);
			const b = add(card.querySelector('.actions'), 'button',
				      'Show in the timeline', { type: 'button' });

			b.addEventListener('click', () => {
				show();
				this.canvas.focus({ preventScroll: true });
				this.root.scrollIntoView({ block: 'center' });
			});
			card.addEventListener('keydown', (e) => {
				if (e.key === 'Enter' && e.target === card)
					b.click();
			});
		}));
		for (let i = 0; i < this.data.recordings.length; i++)
			if (this.data.recordings[i].cuts.length) {
				const cut = this.data.recordings[i].cuts[0];

				setTimeout(() => this.show_finding(i, cut));
				break;
			}
	}

	/* ---- what is looked at ---- */

	open(index) {
		const r = this.data.recordings[index];

		if (this.r === r)
			return;
		this.r = r;
		this.cut = r.cuts.length ? r.cuts[0] : null;
		this.clear();
		this.fit();
	}

	fit() {
		this.look(0, this.r.span);
	}

	look(low, high) {
		const width = Math.min(Math.max(high - low, 1000),
				       this.r.span * 1.04);
		const edge = this.r.span * 0.02;

		low = Math.max(-edge, Math.min(low, this.r.span + edge - width));
		this.low = low;
		this.high = low + width;
		this.where.textContent = this.r.name + ': ' +
			duration(Math.max(0, this.low)) + ' to ' +
			duration(Math.min(this.r.span, this.high)) + ', ' +
			(this.r.n < this.r.total ?
			 this.r.n + ' of ' + this.r.total + ' events one by one' :
			 this.r.n + ' events');
		this.later();
	}

	zoom(factor, about) {
		const at = about === undefined ? this.center() : about;

		this.look(at - (at - this.low) * factor,
			  at + (this.high - at) * factor);
	}

	pan(part) {
		const by = (this.high - this.low) * part;

		this.look(this.low + by, this.high + by);
	}

	center() {
		const t = this.selected < 0 ? -1 : this.r.start[this.selected];

		return t >= this.low && t <= this.high ?
			t : (this.low + this.high) / 2;
	}

	show_finding(index, cut) {
		this.open(index);
		this.cut = cut;
		const way = this.r.byCall.get(cut.call) || [];
		const all = this.r.start.map((_, i) => i);
		const at = lower(this.r, all, cut.at);
		const first = way.length ? way[0] : Math.max(0, at - 60);
		const from = Math.min(this.r.n ? this.r.start[first] : 0, cut.at);
		const edge = (cut.at - from) * 0.15 + 2000;

		this.look(from - edge, cut.at + edge);
		this.canvas.dataset.finding = cut.finding;
		if (way.length)
			this.select(way[0], [cut.call]);
		else
			this.clear();
		this.later();
	}

	/* ---- selection ---- */

	clear() {
		this.selected = -1;
		this.lit = new Set();
		this.followed = [];
		delete this.canvas.dataset.selected;
		delete this.canvas.dataset.lane;
		this.canvas.dataset.lit = 0;
		this.panel.replaceChildren();
		this.later();
	}

	/* Goes there without following the data. */
	visit(i) {
		this.selected = i;
		this.canvas.dataset.selected = this.r.number[i];
		this.canvas.dataset.lane = this.data.lanes[this.r.lane[i] - 1];
		if (this.r.start[i] < this.low || this.r.start[i] > this.high) {
			const width = this.high - this.low;

			this.look(this.r.start[i] - width / 2,
				  this.r.start[i] + width / 2);
		}
		if (!this.lit.size)
			this.tell();
		this.later();
	}

	/* Follows the data of these calls; else of all that the event carries. */
	select(i, some) {
		this.followed = some || this.r.calls[i];
		this.lit = this.sharing([i], this.followed);
		this.canvas.dataset.lit = this.lit.size;
		this.visit(i);
		this.tell();
	}

	/* Where the label does not say what kind it is. */
	kind(i) {
		const kind = this.data.kinds[this.r.kind[i]];

		return this.r.label[i].includes(kind) ? '' : kind + ' ';
	}

	name(i) {
		return this.kind(i) + this.r.label[i];
	}

	when(i) {
		const r = this.r, cut = this.cut, t = r.start[i];
		let text = cut ?
			(t > cut.at ? duration(t - cut.at) + ' after the cut' :
			 duration(cut.at - t) + ' before the cut') :
			'at ' + duration(t);

		if (r.length[i] < 0)
			text += ', no end seen';
		else if (cut && t <= cut.at && t + r.length[i] > cut.at)
			text += ', not over at the cut';
		else if (r.length[i] > 0)
			text += ', took ' + duration(r.length[i]);
		return text;
	}

	step(list, i) {
		const li = add(list, 'li'), lane = this.r.lane[i];
		const b = add(li, 'button', '', { type: 'button', class: 'step' });

		if (this.cut && this.r.start[i] > this.cut.at)
			li.className = 'after';
		if (i === this.selected)
			b.setAttribute('aria-current', 'true');
		add(b, 'i', this.data.lanes[lane - 1], { class: 'lane l' + lane });
		add(b, 'span', ' ' + this.kind(i));
		add(b, 'code', this.r.label[i]);
		add(b, 'span', ' ' + this.when(i), { class: 'when' });
		b.addEventListener('click', () => {
			this.select(i, this.followed.length ?
				    this.followed : undefined);
			this.canvas.focus({ preventScroll: true });
		});
	}

	/*
	 * How far it came by the cut: no more than what was seen; of the call
	 * that a finding accuses at least what the finding says.
	 */
	reached(list) {
		const by = list.filter((i) => !this.cut ||
				       this.r.start[i] <= this.cut.at);
		const told = this.cut && this.followed[0] === this.cut.call ?
			this.cut.layer : 0;
		const last = Math.max(told, ...by.map((i) => this.r.lane[i]));
		const missing = this.data.lanes.slice(Math.max(2, last));

		if (!last)
			return 'Nothing of it was seen before the cut.';
		return (this.cut ? 'At the cut' : 'In this recording') +
			' it had come as far as: ' + this.data.lanes[last - 1] +
			'.' + (missing.length ? ' Nothing of it was seen in: ' +
			       missing.join(', ') + '.' : '');
	}

	carried(of) {
		const p = add(this.panel, 'p', 'It carries data of ');

		of.slice(0, 24).forEach((call) => {
			add(p, 'button', 'call ' + call, { type: 'button' })
				.addEventListener('click', () =>
					this.select(this.selected, [call]));
			p.append(' ');
		});
		if (of.length > 24)
			p.append('and ' + (of.length - 24) + ' more');
	}

	tell() {
		const i = this.selected, r = this.r;

		this.panel.replaceChildren();
		if (i < 0)
			return;
		if (!this.lit.size) {
			add(this.panel, 'p', this.data.lanes[r.lane[i] - 1] +
			    ': ' + this.name(i) + ', ' + this.when(i) +
			    '. Enter follows its data.');
			return;
		}
		const list = Array.from(this.lit).sort((a, b) => a - b);

		add(this.panel, 'h3', this.followed.length === 1 ?
		    'The way of the data of call ' + this.followed[0] :
		    this.name(i));
		if (this.followed.length === 1)
			add(this.panel, 'p', this.reached(list));
		else if (this.followed.length)
			this.carried(this.followed);
		else
			add(this.panel, 'p', 'It is not known whose data it ' +
			    'carries, or it carries none.');
		if (r.position[i] >= 0)
			add(this.panel, 'p', 'Position in the drive\u2019s log: ' +
			    r.position[i] + '.', { class: 'dim' });
		const ol = add(this.panel, 'ol', '', { class: 'way' });

		const after = list.findIndex((j) => this.cut &&
					     r.start[j] > this.cut.at);
		const most = after < 0 ? 60 : Math.min(60, after + 8);

		list.forEach((j, n) => {
			if (n < most || j === i)
				this.step(ol, j);
		});
		if (list.length > most)
			add(this.panel, 'p', 'and ' + (list.length - most) +
			    ' more.', { class: 'dim' });
	}

	/* ---- keys and the mouse ---- */

	along(by) {
		const i = this.selected, r = this.r;

		if (i < 0)
			return this.enter(by);
		const lane = r.inLane[r.lane[i]], at = lane.indexOf(i) + by;

		if (at >= 0 && at < lane.length)
			this.visit(lane[at]);
	}

	/* To an event of the nearest lane that has any, about the same time. */
	across(by) {
		const r = this.r, i = this.selected;

		if (i < 0)
			return this.enter(by);
		for (let l = r.lane[i] + by; l > 0 && l < 8; l += by) {
			if (!r.inLane[l])
				continue;
			const lane = r.inLane[l];
			const at = lower(r, lane, r.start[i]);

			this.visit(lane[Math.min(at, lane.length - 1)]);
			return;
		}
	}

	/* Nothing was selected: the first that is on view. */
	enter(by) {
		const r = this.r;

		for (let l = by < 0 ? 7 : 1; l > 0 && l < 8; l += by < 0 ? -1 : 1) {
			const lane = r.inLane[l] || [];
			const at = lower(r, lane, this.low);

			if (at < lane.length && r.start[lane[at]] <= this.high) {
				this.visit(lane[at]);
				return;
			}
		}
	}

	end(last) {
		const lane = this.selected < 0 ? null :
			this.r.inLane[this.r.lane[this.selected]];

		if (lane)
			this.visit(lane[last ? lane.length - 1 : 0]);
	}

	key(e) {
		const keys = {
			ArrowLeft: () => this.along(-1),
			ArrowRight: () => this.along(1),
			ArrowUp: () => this.across(-1),
			ArrowDown: () => this.across(1),
			Home: () => this.end(false),
			End: () => this.end(true),
			Enter: () => this.selected >= 0 &&
				this.select(this.selected),
			Escape: () => this.clear(),
			'+': () => this.zoom(0.5),
			'=': () => this.zoom(0.5),
			'-': () => this.zoom(2),
			0: () => this.fit(),
		};

		if (!keys[e.key] || e.ctrlKey || e.metaKey || e.altKey)
			return;
		e.preventDefault();
		keys[e.key]();
	}

	at(e) {
		const box = this.canvas.getBoundingClientRect();

		return { x: e.clientX - box.left, y: e.clientY - box.top };
	}

	/* The event there, or -1: of those in reach the one that is nearest. */
	hit(p) {
		const lane = Math.floor((p.y - TOP) / LANE) + 1, r = this.r;
		let best = -1, least = NEAR * 2 + 1;

		for (const i of r.inLane[lane] || []) {
			const [from, to] = this.extent(i);
			const y = this.y(i);
			const dx = Math.max(0, from - p.x, p.x - to);
			const dy = Math.max(0, y - p.y, p.y - y - BAR);

			if (dx > NEAR || dy > NEAR)
				continue;
			if (dx + dy < least ||
			    (dx + dy === least &&
			     (this.lit.has(i) || !this.lit.has(best)))) {
				best = i;
				least = dx + dy;
			}
		}
		return best;
	}

	hover(e) {
		const p = this.at(e), i = this.hit(p);

		this.show_tip(i, p);
		this.hint(i);
	}

	/* What shares data with the event that the mouse points at. */
	hint(i) {
		if (i === this.pointed)
			return;
		this.pointed = i;
		this.hinted = i < 0 ? new Set() : this.sharing([i],
							       this.r.calls[i]);
		this.canvas.dataset.hinted = this.hinted.size;
		this.later();
	}

	sharing(events, some) {
		const all = new Set(events);

		for (const call of some)
			for (const i of this.r.byCall.get(call) || [])
				all.add(i);
		return all;
	}

	show_tip(i, p) {
		this.tip.hidden = i < 0;
		this.canvas.style.cursor = i < 0 ? '' : 'pointer';
		if (i < 0)
			return;
		this.tip.textContent = this.data.lanes[this.r.lane[i] - 1] +
			': ' + this.name(i) + ', ' + this.when(i);
		const right = p.x > this.width * 0.6;

		this.tip.style.left = right ? '' : p.x + 12 + 'px';
		this.tip.style.right = right ? this.width - p.x + 12 + 'px' : '';
		this.tip.style.top = p.y + 14 + 'px';
	}

	grab(e) {
		const c = this.canvas, from = e.clientX;
		const low = this.low, high = this.high;
		let moved = false;
		const move = (m) => {
			const dx = m.clientX - from;

			moved = moved || Math.abs(dx) > 3;
			if (moved)
				this.look(low - dx * this.scale(),
					  high - dx * this.scale());
		};

		if (e.button !== 0)
			return;
		c.setPointerCapture(e.pointerId);
		const done = new AbortController();
		const on = { signal: done.signal };

		c.addEventListener('pointermove', move, on);
		c.addEventListener('pointercancel', () => done.abort(), on);
		c.addEventListener('pointerup', (up) => {
			done.abort();
			if (!moved)
				this.click(this.hit(this.at(up)));
		}, on);
	}

	click(i) {
		if (i < 0)
			this.clear();
		else
			this.select(i);
	}

	wheel(e) {
		if (!e.ctrlKey && !e.metaKey)
			return;
		e.preventDefault();
		this.zoom(e.deltaY > 0 ? 1.25 : 0.8,
			  this.low + (this.at(e).x - this.left) * this.scale());
	}

	/* ---- drawing ---- */

	later() {
		if (this.waiting)
			return;
		this.waiting = true;
		requestAnimationFrame(() => {
			this.waiting = false;
			this.draw();
		});
	}

	scale() { /* ns per pixel */
		return (this.high - this.low) / (this.width - this.left);
	}

	x(t) {
		return this.left + (t - this.low) / this.scale();
	}

	y(i) {
		return TOP + (this.r.lane[i] - 1) * LANE + 5 +
			this.r.row[i] * (BAR + GAP);
	}

	extent(i) {
		const t = this.r.start[i], length = this.r.length[i];
		const from = this.x(t);
		const to = length < 0 ? this.width : this.x(t + length);

		return [from, Math.max(to, from + 3)];
	}

	draw() {
		const start = performance.now(), c = this.canvas;
		const ratio = devicePixelRatio || 1;
		const style = getComputedStyle(c);

		this.width = c.parentNode.clientWidth;
		this.height = TOP + 7 * LANE + AXIS;
		this.left = this.width < 600 ? 0 : 140;
		c.width = this.width * ratio;
		c.height = this.height * ratio;
		c.style.height = this.height + 'px';
		this.g = c.getContext('2d');
		this.g.scale(ratio, ratio);
		this.color = (name) => style.getPropertyValue('--' + name);
		this.g.font = '12px ' + style.fontFamily;
		this.bands();
		this.density();
		this.events();
		this.way();
		this.line();
		this.axis();
		this.overlay();
		c.dataset.ms = (performance.now() - start).toFixed(1);
	}

	bands() {
		const g = this.g;

		for (let lane = 1; lane < 8; lane++) {
			const y = TOP + (lane - 1) * LANE;

			g.fillStyle = this.color('band');
			g.fillRect(this.left, y, this.width - this.left, LANE - 3);
			g.fillStyle = this.color('l' + lane);
			g.fillRect(this.left, y, 3, LANE - 3);
		}
	}

	names() {
		const g = this.g;

		for (let lane = 1; lane < 8; lane++) {
			const y = TOP + (lane - 1) * LANE;
			const text = this.data.lanes[lane - 1];

			g.fillStyle = this.color('dim');
			if (this.left)
				g.fillText((lane < 7 ? lane + ' ' : '') +
					   text.replace('file system', 'FS'),
					   0, y + LANE / 2 + 2);
			else
				g.fillText(text, 8, y + LANE - 7);
		}
	}

	/* Where events are not told one by one: how many there were. */
	density() {
		const r = this.r, g = this.g;

		if (!r.buckets)
			return;
		const steps = r.buckets.length / 7, step = r.span / steps;
		const max = Math.log1p(Math.max(...r.buckets));

		g.fillStyle = this.color('density');
		for (let n = 0; n < r.buckets.length; n++) {
			const lane = Math.floor(n / steps), t = n % steps * step;
			const h = Math.log1p(r.buckets[n]) / max * (LANE - 3);
			const from = Math.max(this.left, this.x(t));
			const to = Math.min(this.width, this.x(t + step));

			if (h > 0 && to > from)
				g.fillRect(from, TOP + (lane + 1) * LANE - 3 - h,
					   to - from, h);
		}
	}

	bar(i, from, to) {
		from = Math.max(from, this.left);
		this.g.fillRect(from, this.y(i), Math.max(2, to - from), BAR);
	}

	/*
	 * What falls on the same pixels as the one before it in its row is left
	 * out; what starts on top of another one gets an edge.
	 */
	events() {
		const r = this.r, g = this.g, band = this.color('band');
		let drawn = 0;

		for (let lane = 1; lane < 8; lane++) {
			const starts = new Array(ROWS).fill(-9);
			const ends = new Array(ROWS).fill(-9);
			const color = this.color('l' + lane);

			for (const i of r.inLane[lane] || []) {
				const [from, to] = this.extent(i), row = r.row[i];

				if (from > this.width)
					break;
				if (to < this.left || (from < starts[row] + 1 &&
						       to <= ends[row] + 1))
					continue;
				if (from < ends[row] && from > starts[row] + 2) {
					g.globalAlpha = 1;
					g.fillStyle = band;
					g.fillRect(Math.max(this.left, from - 1),
						   this.y(i), 1, BAR);
				}
				g.globalAlpha = this.lit.size ? 0.25 : 0.85;
				g.fillStyle = color;
				this.bar(i, from, to);
				starts[row] = from;
				ends[row] = Math.max(to, ends[row]);
				drawn++;
			}
		}
		g.globalAlpha = 1;
		this.canvas.dataset.drawn = drawn;
		this.acks();
	}

	acks() {
		const r = this.r, g = this.g;
		const ack = this.data.kinds.indexOf('ack');
		let last = -9;

		for (const i of r.inLane[1] || []) {
			const x = this.x(r.start[i]);
			const promise = this.cut && this.cut.promise;
			const broken = promise &&
				(r.label[i] === promise ||
				 r.label[i] === 'ack ' + promise);

			if (r.kind[i] !== ack || x < this.left || x > this.width ||
			    (x < last + 4 && !broken))
				continue;
			last = x;
			g.fillStyle = this.color(broken ? 'violated' : 'held');
			g.beginPath();
			g.moveTo(x - 4, TOP);
			g.lineTo(x + 4, TOP);
			g.lineTo(x, TOP - 8);
			g.fill();
		}
	}

	/* The lit events, and the line that leads through them. */
	way() {
		const g = this.g;
		const list = Array.from(this.lit).sort((a, b) => a - b);

		if (this.followed.length === 1) {
			g.strokeStyle = this.color('text');
			g.globalAlpha = 0.5;
			g.setLineDash([2, 3]);
			g.beginPath();
			list.forEach((i) => g.lineTo(
				Math.max(this.left, this.x(this.r.start[i])),
				this.y(i) + BAR / 2));
			g.stroke();
			g.setLineDash([]);
			g.globalAlpha = 1;
		}
		for (const i of list) {
			const [from, to] = this.extent(i);

			if (to < this.left || from > this.width)
				continue;
			g.fillStyle = this.color('l' + this.r.lane[i]);
			this.bar(i, from, to);
		}
		this.hints();
		if (this.selected >= 0)
			this.frame(this.selected);
	}

	hints() {
		const g = this.g;

		g.strokeStyle = this.color('text');
		for (const i of this.hinted) {
			const [from, to] = this.extent(i);
			const left = Math.max(from, this.left);

			if (to < this.left || from > this.width)
				continue;
			g.fillStyle = this.color('l' + this.r.lane[i]);
			this.bar(i, from, to);
			g.strokeRect(left - 0.5, this.y(i) - 0.5,
				     Math.max(2, to - left) + 1, BAR + 1);
		}
	}

	frame(i) {
		const g = this.g, [from, to] = this.extent(i);

		this.canvas.dataset.x = Math.round(from + 1);
		this.canvas.dataset.y = this.y(i) + BAR / 2;
		if (to < this.left || from > this.width)
			return;
		g.strokeStyle = this.color('text');
		g.lineWidth = 2;
		g.strokeRect(Math.max(from, this.left) - 3, this.y(i) - 3,
			     Math.max(2, to - Math.max(from, this.left)) + 6,
			     BAR + 6);
		g.lineWidth = 1;
	}

	line() {
		const g = this.g, bottom = TOP + 7 * LANE;

		if (!this.cut)
			return;
		const x = this.x(this.cut.at);

		if (x < this.width) {
			g.fillStyle = this.color('after');
			g.fillRect(Math.max(this.left, x), TOP,
				   this.width - Math.max(this.left, x),
				   bottom - TOP);
		}
		if (x < this.left || x > this.width)
			return;
		g.strokeStyle = g.fillStyle = this.color('violated');
		g.lineWidth = 2;
		g.beginPath();
		g.moveTo(x, 14);
		g.lineTo(x, bottom);
		g.stroke();
		g.lineWidth = 1;
		g.textAlign = x > this.width - 60 ? 'right' :
			x < this.left + 60 ? 'left' : 'center';
		g.fillText('power cut', x, 11);
		g.textAlign = 'left';
	}

	axis() {
		const g = this.g, y = TOP + 7 * LANE + 14;
		const n = Math.max(2, Math.floor((this.width - this.left) / 150));

		g.clearRect(0, 0, this.left, this.height);
		this.names();
		g.fillStyle = this.color('dim');
		for (let i = 0; i <= n; i++) {
			const t = this.low + (this.high - this.low) * i / n;

			g.textAlign = i === n ? 'right' : i ? 'center' : 'left';
			if (t >= 0)
				g.fillText(duration(t), this.x(t), y);
		}
		g.textAlign = 'left';
	}

	/* Which part of the whole the canvas shows. */
	overlay() {
		const index = this.data.recordings.indexOf(this.r);
		const all = document.querySelectorAll('.overview');
		const d = this.data.drawing;

		all.forEach((f) => {
			const mine = Number(f.dataset.recording) === index;
			const svg = f.querySelector('svg');
			let box = f.querySelector('.view');

			f.classList.toggle('open', mine);
			if (!box) {
				box = document.createElementNS(svg.namespaceURI,
							       'rect');
				box.setAttribute('class', 'view');
				box.setAttribute('y', d.top - 3);
				box.setAttribute('height', d.bottom - d.top + 3);
				svg.append(box);
			}
			const part = (t) => d.left + d.plot * Math.min(
				1, Math.max(0, t / this.r.span));

			box.setAttribute('x', part(this.low));
			box.setAttribute('width', mine ? Math.max(
				2, part(this.high) - part(this.low)) : 0);
			for (const g of f.querySelectorAll('.cut'))
				g.classList.toggle('open', mine && this.cut &&
					Number(g.dataset.finding) ===
					this.cut.finding);
		});
	}
}

document.documentElement.classList.add('js');
filters();
const data = $('lanes-data');

if (data)
	new Timeline(JSON.parse(data.textContent), $('live'));
})();
