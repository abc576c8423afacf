// Finds packages by the start of their name. The names stand in one file for each prefix: two letters, or for libraries
// `lib` and one more, as `prefixOf` in rekiln.config.ts cuts them.
const form = document.getElementById("search");
const input = document.getElementById("name");
const statusLine = document.getElementById("search-status");
const results = document.getElementById("search-results");
const most = 60;
const fetched = new Map();

const prefixOf = (name) => name.slice(0, name.startsWith("lib") ? 4 : 2);
const addressOf = (name) => `${form.dataset.packages}${encodeURIComponent(name)}/`;

/** The names that share a prefix; none when no package has it. */
function namesWith(prefix) {
  if (!fetched.has(prefix)) {
    const names = fetch(`${form.dataset.index}${encodeURIComponent(prefix)}.json`).then(async (response) => {
      if (response.status === 404 || response.status === 410) return [];
      if (!response.ok) throw new Error(`status ${response.status}`);
      return (await response.json()).names;
    });
    names.catch(() => fetched.delete(prefix));
    fetched.set(prefix, names);
  }
  return fetched.get(prefix);
}

function show(message, names) {
  statusLine.textContent = message;
  results.replaceChildren(
    ...names.map((name) => {
      const link = document.createElement("a");
      link.href = addressOf(name);
      link.textContent = name;
      const item = document.createElement("li");
      item.append(link);
      return item;
    }),
  );
}

const wanted = () => input.value.trim().toLowerCase();

async function search() {
  const start = wanted();
  const needed = start.startsWith("lib") ? 4 : 2;
  if (start.length < needed) {
    show(start === "" ? "" : `Type at least ${needed} letters.`, []);
    return [];
  }
  try {
    const found = (await namesWith(prefixOf(start))).filter((name) => name.startsWith(start));
    if (wanted() !== start) return [];
    const first = found.length > most ? `; the first ${most}` : "";
    show(
      found.length === 0 ? "No package has such a name." : `${found.length.toLocaleString("en")} found${first}:`,
      found.slice(0, most),
    );
    return found;
  } catch {
    show("The list of names could not be fetched. Try again.", []);
    return [];
  }
}

input.addEventListener("input", search);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [first] = await search();
  if (first !== undefined) location.assign(addressOf(first));
});
form.hidden = false;
