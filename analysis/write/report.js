/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Script of report.html. It adds what a page can do by itself: tables that
 * sort, plots that open large, a choice of light or dark. All content is there
 * without it. Text of the page is moved and copied as text, never parsed.
 */
"use strict";

(() => {
	const make = (name, properties, ...children) => {
		const element = Object.assign(document.createElement(name), properties);

		element.append(...children);
		return element;
	};

	/* Cells without a number come last, whichever way the others go. */
	const compare = (a, b, numbers, way) => {
		if (!numbers)
			return way * a.text.localeCompare(b.text, "en", { numeric: true });
		if (Number.isNaN(a.number) || Number.isNaN(b.number))
			return Number.isNaN(a.number) - Number.isNaN(b.number);
		return way * (a.number - b.number);
	};

	const sort = (table, rows, column, numbers, way) => {
		const keyed = rows.map((row) => {
			const cell = row.cells[column];

			return { row, text: cell.textContent, number: parseFloat(cell.dataset.sort) };
		});

		if (way)
			keyed.sort((a, b) => compare(a, b, numbers, way));
		table.tBodies[0].append(...keyed.map((k) => k.row));
	};

	const nextOrder = { none: "ascending", ascending: "descending", descending: "none" };
	const ways = { none: 0, ascending: 1, descending: -1 };

	const makeSortable = (table) => {
		const titles = [...table.tHead.rows[0].cells];
		const rows = [...table.tBodies[0].rows];

		for (const [column, title] of titles.entries()) {
			const button = make("button", { type: "button" }, ...title.childNodes);

			title.append(button);
			button.addEventListener("click", () => {
				const order = nextOrder[title.getAttribute("aria-sort") ?? "none"];

				for (const other of titles)
					other.removeAttribute("aria-sort");
				if (order !== "none")
					title.setAttribute("aria-sort", order);
				sort(table, rows, column, title.classList.contains("number"), ways[order]);
			});
		}
	};

	const makeDialog = () => {
		const caption = make("p", {});
		const close = make("button", { type: "button", className: "plain" }, "Close");
		const picture = make("div", { className: "picture", tabIndex: 0 });
		const dialog = make("dialog", {}, make("header", {}, caption, close), picture);

		close.addEventListener("click", () => dialog.close());
		dialog.addEventListener("click", (event) => {
			if (event.target === dialog)
				dialog.close();
		});
		document.body.append(dialog);
		return (image) => {
			caption.textContent = image.alt;
			dialog.setAttribute("aria-label", image.alt);
			picture.replaceChildren(make("img", { src: image.src, alt: image.alt }));
			dialog.showModal();
		};
	};

	const makeFigures = (images) => {
		if (!images.length)
			return;
		const show = makeDialog();

		for (const image of images) {
			const button = make("button", { type: "button", className: "enlarge", title: "Open large" });

			image.replaceWith(button);
			button.append(image);
			button.addEventListener("click", () => show(image));
		}
	};

	const makeTheme = (nav) => {
		const root = document.documentElement;
		const dark = matchMedia("(prefers-color-scheme: dark)");
		const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
		const button = make("button", { type: "button", className: "plain theme" });
		const say = () => {
			button.textContent = isDark() ? "Light page" : "Dark page";
		};

		button.addEventListener("click", () => {
			root.dataset.theme = isDark() ? "light" : "dark";
			say();
		});
		dark.addEventListener("change", say);
		say();
		nav.prepend(button);
	};

	/* The part of the page that is being read, in the table of contents. */
	const followReading = (nav) => {
		const links = [...nav.querySelectorAll("a")];
		const headings = links.map((a) => document.getElementById(a.hash.slice(1)));
		let pending = false;

		const mark = () => {
			const above = headings.filter((h) => h.getBoundingClientRect().top < innerHeight / 4);

			pending = false;
			for (const link of links)
				link.removeAttribute("aria-current");
			links[above.length - 1]?.setAttribute("aria-current", "true");
		};
		addEventListener("scroll", () => {
			if (!pending)
				requestAnimationFrame(mark);
			pending = true;
		}, { passive: true });
		mark();
	};

	const nav = document.querySelector("nav");

	for (const table of document.querySelectorAll("table.sortable"))
		makeSortable(table);
	makeFigures([...document.querySelectorAll("figure img")]);
	makeTheme(nav);
	followReading(nav);
	/* On a narrow screen the contents stand before the report, not beside it. */
	if (!matchMedia("(min-width: 70rem)").matches)
		nav.querySelector("details").open = false;
})();
