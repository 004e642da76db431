"use strict";
// Sorts tables by column and saves them as CSV. The page reads the same without it; it asks nothing of the network.
{
  const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December"];
  const ABSENT = new Set(["", "—", "suppressed", "missing", "reference"]);
  const NEXT = { none: "ascending", ascending: "descending", descending: "none" };
  const words = new Intl.Collator("en", { numeric: true });

  // Text, number or null (nothing to sort by). An interval counts by its lower end.
  const key = (cell) => {
    const text = cell.textContent.trim();
    if (ABSENT.has(text)) return null;
    const month = /^([A-Z][a-z]+) (\d{4})$/.exec(text);
    if (month && MONTHS.includes(month[1])) return Number(month[2]) * 12 + MONTHS.indexOf(month[1]);
    const number = /^[<+−]?\s*\$?[\d,]*\.?\d+/.exec(text);
    return number ? Number(number[0].replace(/[<$,+\s]/g, "").replace("−", "-")) : text;
  };
  const compare = (one, other) =>
    typeof one === "number" && typeof other === "number" ? one - other : words.compare(String(one), String(other));

  // Rows under each heading of a part are sorted by themselves; sums stay where they are; what is absent goes last.
  const sort = (table, rows, column, order) => {
    const body = table.tBodies[0];
    const sorted = [];
    let part = [];
    const close = () => {
      if (order !== "none") {
        const sign = order === "ascending" ? 1 : -1;
        part.sort((one, other) => {
          const [a, b] = [key(one.cells[column]), key(other.cells[column])];
          if (a === null || b === null) return (a === null) - (b === null);
          return sign * compare(a, b);
        });
      }
      sorted.push(...part);
      part = [];
    };
    for (const row of rows) {
      if (row.className) {
        close();
        sorted.push(row);
      } else part.push(row);
    }
    close();
    body.append(...sorted);
  };

  const makeSortable = (table) => {
    const rows = [...table.tBodies[0].rows];
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    const said = document.getElementById("said");
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const order = NEXT[head.getAttribute("aria-sort")];
        for (const other of heads) other.setAttribute("aria-sort", "none");
        head.setAttribute("aria-sort", order);
        sort(table, rows, column, order);
        said.textContent = order === "none" ? "In the first order" : `Sorted by ${button.textContent}, ${order}`;
      });
    });
  };

  // A spreadsheet reads a cell that begins with = + - @ as a formula, unless it is a number.
  const quoted = (text) => {
    const plain = text.trim().replace(/^−(?=[$\d])/, "-");
    const safe = /^[=+\-@]/.test(plain) && !/^[+-]\$?[\d,.]+%?$/.test(plain) ? `'${plain}` : plain;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };

  const headings = (table) => {
    const [above, below] = table.tHead.rows.length > 1 ? table.tHead.rows : [null, table.tHead.rows[0]];
    const groups = above ? [...above.cells].flatMap((cell) => Array(cell.colSpan).fill(cell.textContent.trim())) : [];
    return [...below.cells].map((cell, at) => [groups[at], cell.textContent.trim()].filter(Boolean).join(": "));
  };

  const csv = (table) => {
    const rows = [...table.tBodies[0].rows];
    const parts = rows.some((row) => row.className === "part");
    const lines = [[...(parts ? ["Part"] : []), ...headings(table)]];
    let part = "";
    for (const row of rows) {
      const cells = [...row.cells].map((cell) => cell.textContent);
      if (row.className === "part") part = cells[0];
      else lines.push([...(parts ? [part] : []), ...cells]);
    }
    return lines.map((line) => line.map(quoted).join(",") + "\r\n").join("");
  };

  const makeSavable = (table) => {
    const caption = table.caption.textContent.trim();
    const button = document.createElement("button");
    button.type = "button";
    button.className = "save";
    button.textContent = "Save as CSV";
    button.setAttribute("aria-label", `Save as CSV: ${caption}`);
    button.addEventListener("click", () => {
      const link = document.createElement("a");
      // The mark at the start tells spreadsheets that the text is UTF-8.
      link.href = URL.createObjectURL(new Blob(["\ufeff", csv(table)], { type: "text/csv" }));
      link.download = `${document.body.dataset.vintage}-${caption.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 60)}.csv`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    });
    table.closest(".scroll").after(button);
  };

  for (const table of document.querySelectorAll("table")) {
    if (table.dataset.sortable !== undefined) makeSortable(table);
    makeSavable(table);
  }
}
