"""What a program can see of a page as it stands.

Boxes that overflow, cut text, controls on top of each other or without a name, poor contrast, traps for the keyboard,
fields that take no letters. Each check returns faults as short sentences without numbers, ``cut text: span.job-name``:
the same fault in many places is one fault. ``faults`` runs all that only look; ``typed`` and ``rounds`` use keys.
"""

from __future__ import annotations

from typing import Any

TOUCH_PX = 2
"""So far controls may reach into each other: borders that touch."""
MOST_TABS = 400
LETTERS = "x7"

LOOK = """(touch) => {
  const CONTROLS = 'button, a[href], input:not([type=hidden]), select, textarea, summary, [role=button], '
    + '[role=slider], [role=option], [role=tab], [contenteditable=true]';
  const LAYERS = 'dialog, aside, [role=dialog], [role=complementary], [role=listbox], [popover], .job-drawer, ' +
    '.runs, #jobs, .sheet > .side, .sheet-opener';
  const SIDEWAYS = 'pre, canvas, .strip, .saved-strip, .group-strip, [data-sideways]';
  const PLAYER = '.screen', PLAYER_PX = 200, LEAST_PX = 40;
  const style = (node) => getComputedStyle(node);
  const hides = (node, side) => style(node)[`overflow${side}`] !== 'visible';
  const floats = (node) => /fixed|absolute/.test(style(node).position);
  const shown = (node) => node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  /** What can be seen of an element: its box without what the boxes around it cut off. */
  const seen = (node) => {
    let { left, right, top, bottom } = node.getBoundingClientRect();
    let free = style(node).position === 'fixed';
    for (let up = node.parentElement; up && !free; up = up.parentElement) {
      const box = up.getBoundingClientRect();
      if (hides(up, 'X')) [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
      if (hides(up, 'Y')) [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
      free = style(up).position === 'fixed' || up.matches(':modal');
    }
    return { left, right, top, bottom, width: right - left, height: bottom - top };
  };
  const isSeen = (node) => {
    if (!shown(node)) return false;
    const box = seen(node);
    return box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight;
  };
  const called = (node) => {
    const words = [...node.classList].filter((word) => !/^(svelte-|on$|at$|kept$|out$)/.test(word)).slice(0, 2);
    return node.tagName.toLowerCase() + words.map((word) => `.${word}`).join('');
  };
  const placed = (node) => {
    let at = node;
    while (at && !at.classList.length && !at.id) at = at.parentElement;
    return !at || at === node ? called(node) : `${called(at)} ${called(node)}`;
  };
  const found = new Set();
  const say = (kind, node, more = '') => found.add(`${kind}: ${placed(node)}${more}`);
  const modal = document.querySelector('dialog:modal');
  const root = modal ?? document.body;
  const all = [...root.querySelectorAll('*')].filter((node) => !node.closest('svg, script, style') && isSeen(node));

  // --- boxes and text
  const hasText = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
  for (const node of all) {
    if (node.matches('html, body, input, textarea, select, canvas, img, video, summary')) continue;
    const { overflowX, overflowY, textOverflow, display, webkitLineClamp } = style(node);
    if (display === 'inline' || node.clientWidth === 0) continue;
    const wide = node.scrollWidth > node.clientWidth + 1, high = node.scrollHeight > node.clientHeight + 2;
    if (wide && overflowX === 'visible' && hasText(node)) say('overflows its box', node);
    if (wide && /hidden|clip/.test(overflowX) && hasText(node) && textOverflow !== 'ellipsis') say('cut text', node);
    if (high && /hidden|clip/.test(overflowY) && hasText(node) && webkitLineClamp === 'none') say('cut text', node);
    if (wide && /auto|scroll/.test(overflowX) && !node.matches(SIDEWAYS)) say('scrolls sideways', node);
  }
  for (const node of all) {
    if (!node.matches('button, .btn, summary, label') || !hasText(node)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const text = range.getBoundingClientRect(), box = node.getBoundingClientRect();
    const out = text.right > box.right + 1 || text.left < box.left - 1;
    if (out && style(node).overflowX === 'visible') say('overflows its box', node);
  }
  // --- text that a box around it cuts off
  const textOf = (node) => {
    const texts = [...node.childNodes].filter((child) => child.nodeType === 3 && child.textContent.trim());
    const boxes = texts.map((child) => {
      const range = document.createRange();
      range.selectNodeContents(child);
      return range.getBoundingClientRect();
    });
    return { left: Math.min(...boxes.map((box) => box.left)), right: Math.max(...boxes.map((box) => box.right)) };
  };
  const dots = (node) => {
    let up = node;
    const works = (box) => style(box).textOverflow === 'ellipsis' && box.scrollWidth > box.clientWidth;
    while (up && up !== root && !works(up)) up = up.parentElement;
    return Boolean(up) && up !== root;
  };
  for (const node of all) {
    if (!hasText(node) || node.closest(SIDEWAYS) || node.matches('option, textarea, select') || dots(node)) continue;
    const text = textOf(node), box = seen(node);
    const own = node.getBoundingClientRect();
    if (text.right > box.right + 2 && text.left < box.right && box.right < own.right - 1) say('cut text', node);
  }
  // --- text that crosses the edge of the card around it, whatever cuts it off further out
  const edged = (node) => {
    const { borderRightWidth, borderRightColor } = style(node);
    return parseFloat(borderRightWidth) > 0 && !borderRightColor.endsWith(', 0)');
  };
  for (const node of all) {
    if (!hasText(node) || node.closest(SIDEWAYS) || node.matches('option, textarea, select') || dots(node)) continue;
    let up = floats(node) ? null : node.parentElement;
    while (up && up !== root && !edged(up) && !hides(up, 'X') && !floats(up)) up = up.parentElement;
    if (!up || up === root || !edged(up) || hides(up, 'X')) continue;
    const own = hides(node, 'X') ? node.getBoundingClientRect().right : Infinity;
    const right = Math.min(textOf(node).right, own);
    if (right > up.getBoundingClientRect().right + 1) say('runs out of its card', node);
  }
  for (const node of all) {
    if (node.matches('select') && node.clientWidth < LEAST_PX) say('squeezed', node);
    if (node.matches(PLAYER) && node.clientHeight < PLAYER_PX) say('a small player', node);
  }
  if (document.scrollingElement.scrollWidth > innerWidth + 1) found.add('scrolls sideways: the page');

  // --- controls
  const controls = all.filter((node) => node.matches(CONTROLS));
  for (const node of controls) {
    const box = seen(node);
    if (box.left < -0.5 || box.right > innerWidth + 0.5) say('outside the window', node);
  }
  const layerOf = (node) => node.closest(LAYERS);
  const boxes = controls.map((node) => ({ node, box: seen(node), layer: layerOf(node) }));
  const isRange = (node) => node.matches('[type=range]');
  const ranges = (a, b) => isRange(a) && isRange(b) && a.parentElement === b.parentElement;
  boxes.forEach((one, i) => {
    for (const other of boxes.slice(i + 1)) {
      if (one.layer !== other.layer || one.node.contains(other.node) || other.node.contains(one.node)) continue;
      if (ranges(one.node, other.node)) continue;
      const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      if (across > touch && down > touch) say('two controls overlap', one.node, ` and ${placed(other.node)}`);
    }
  });

  // --- what a slider says
  const UNIT = /frame|second|px|pixel|%|percent|size|height|bits|speed|weight/i;
  const nameOf = (node) => node.getAttribute('aria-label')
    ?? [...(node.labels ?? [])].map((label) => label.textContent).join(' ');
  for (const node of controls.filter((one) => one.matches('input[type=range]'))) {
    if (node.hasAttribute('aria-valuetext') || UNIT.test(nameOf(node))) continue;
    const near = node.parentElement?.parentElement ?? node;
    const values = [...near.querySelectorAll('output, input:not([type=range])')]
      .map((one) => Number((one.value || one.textContent).replace(',', '')));
    if (!values.includes(Number(node.value))) say('a slider says a bare number', node, ` "${nameOf(node)}"`);
  }
  return [...found].sort();
}"""

AXE_OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "cat.aria", "cat.name-role-value"],
    },
}
AXE_NAMES = """(rows) => rows.map(([rule, target]) => {
  const node = document.querySelector(target);
  if (!node) return `axe ${rule}: ${target.replace(/[0-9]+/g, 'n')}`;
  const words = (one) => one.tagName.toLowerCase()
    + [...one.classList].filter((word) => !/^(svelte-|on$|at$|kept$|out$)/.test(word)).slice(0, 2)
      .map((word) => `.${word}`).join('');
  let at = node;
  while (at && !at.classList.length && !at.id) at = at.parentElement;
  return `axe ${rule}: ${!at || at === node ? words(node) : `${words(at)} ${words(node)}`}`;
})"""

FIELDS = """() => {
  const root = document.querySelector('dialog:modal') ?? document.body;
  const texts = 'textarea, input:not([type]), ' + ['text', 'search', 'number', 'password']
    .map((type) => `input[type=${type}]`).join(', ');
  const found = [...root.querySelectorAll(texts)]
    .filter((node) => !node.disabled && !node.readOnly && node.checkVisibility());
  return found.map((node, i) => {
    node.setAttribute('data-seen-field', String(i));
    const labels = [...(node.labels ?? [])].map((one) => one.innerText).join(' ').trim().slice(0, 50);
    return node.getAttribute('aria-label') ?? labels;
  });
}"""

FROM_THE_TOP = """() => {
  const start = document.createElement('span');
  start.tabIndex = -1;
  (document.querySelector('dialog:modal') ?? document.body).prepend(start);
  start.focus();
  start.remove();
  window.__seen = new Map();
}"""

FOCUSED = """() => {
  const node = document.activeElement;
  if (!node || node === document.body) return 'page';
  window.__seen ??= new Map();
  if (!window.__seen.has(node)) window.__seen.set(node, window.__seen.size);
  return `${window.__seen.get(node)} ${node.tagName.toLowerCase()}.${[...node.classList].slice(0, 2).join('.')}`;
}"""


def looks(page: Any) -> list[str]:
    """Faults of boxes, text, places, and sliders."""
    return list(page.evaluate(LOOK, TOUCH_PX))


def axe(page: Any) -> list[str]:
    """Faults that axe-core finds: contrast, names, roles."""
    from axe_playwright_python.sync_playwright import Axe

    told = Axe().run(page, options=AXE_OPTIONS).response["violations"]
    rows = [[rule["id"], node["target"][-1]] for rule in told for node in rule["nodes"]]
    flat = [[rule, target if isinstance(target, str) else target[-1]] for rule, target in rows]
    return sorted(set(page.evaluate(AXE_NAMES, flat)))


def faults(page: Any) -> list[str]:
    """Everything that can be seen without touching the page."""
    return looks(page) + axe(page)


def typed(page: Any) -> list[str]:
    """Types letters into every text field that can be seen, with real keys, and puts back what stood there."""
    found = []
    for number, name in enumerate(page.evaluate(FIELDS)):
        box = page.locator(f'[data-seen-field="{number}"]')
        if not box.count() or not box.is_visible():
            continue
        before = box.input_value()
        box.click()
        page.keyboard.press("End")
        page.keyboard.type("7" if box.get_attribute("type") == "number" else LETTERS)
        if box.count() and box.input_value() == before:
            found.append(f"takes no letters: {name}")
        for _ in LETTERS:
            page.keyboard.press("Backspace") if box.count() and box.input_value() != before else None
    return found


def rounds(page: Any) -> list[str]:
    """Goes through the page by Tab alone, from its beginning until it comes round."""
    page.evaluate(FROM_THE_TOP)
    page.keyboard.press("Tab")
    first = page.evaluate(FOCUSED)
    before, visited = first, {first}
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUSED)
        if now == "page" or (now == first and before != first):
            return []
        if now in visited:
            return [f"keyboard trap: {now.split(' ', 1)[1]}"]
        visited.add(now)
        before = now
    return ["keyboard trap: Tab never comes round"]
