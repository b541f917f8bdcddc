//! Search by name, as people type names of cytokines and genes.
//!
//! Does: finds entries by any of their names, best matches first; capitals, hyphens and blanks do not matter, and Greek
//! letters are their words and their Latin letters: IFN-β, IFN-beta and ifnb are one.
//! Does not know: what the entries are.
//! Flow: typed text + names → **places of entries**.

/// Greek letters with their names and the Latin letters that stand for them in symbols.
const GREEK: [(char, &str, &str); 25] = [
    ('α', "alpha", "a"),
    ('β', "beta", "b"),
    ('γ', "gamma", "g"),
    ('δ', "delta", "d"),
    ('ε', "epsilon", "e"),
    ('ζ', "zeta", "z"),
    ('η', "eta", "h"),
    ('θ', "theta", "q"),
    ('ι', "iota", "i"),
    ('κ', "kappa", "k"),
    ('λ', "lambda", "l"),
    ('μ', "mu", "m"),
    ('µ', "mu", "m"),
    ('ν', "nu", "n"),
    ('ξ', "xi", "x"),
    ('ο', "omicron", "o"),
    ('π', "pi", "p"),
    ('ρ', "rho", "r"),
    ('σ', "sigma", "s"),
    ('τ', "tau", "t"),
    ('υ', "upsilon", "u"),
    ('φ', "phi", "f"),
    ('χ', "chi", "c"),
    ('ψ', "psi", "y"),
    ('ω', "omega", "w"),
];
/// Names of Greek letters this long are known at the end of a word as well: "IFNbeta", but not "Cmu".
const TELLING: usize = 4;

/// A name in one spelling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Spelling {
    /// All words as one.
    joined: String,
    /// Where words begin in it.
    starts: Vec<usize>,
}

impl Spelling {
    fn new(words: impl Iterator<Item = String>) -> Self {
        let mut spelling = Self::default();
        for word in words {
            spelling.starts.push(spelling.joined.len());
            spelling.joined.push_str(&word);
        }
        spelling
    }

    /// How well a query fits: 0 is the whole name, 1 its beginning, 2 the beginning of a word, 3 anywhere.
    fn rank(&self, query: &str) -> Option<u32> {
        if self.joined == query {
            return Some(0);
        }
        let found = self.joined.find(query)?;
        if found == 0 {
            return Some(1);
        }
        let at_word = self.starts.iter().any(|start| self.joined[*start..].starts_with(query));
        Some(if at_word { 2 } else { 3 })
    }
}

/// A name with Greek letters as words and as Latin letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Name {
    long: Spelling,
    short: Spelling,
}

/// Lower-case words of a name, split at everything that is neither letter nor digit; Greek letters are words.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in name.chars().flat_map(char::to_lowercase) {
        let greek = GREEK.iter().find(|(own, _, _)| *own == letter);
        match greek {
            Some((_, word, _)) => words.extend([(*word).to_owned(), String::new()]),
            None if letter.is_alphanumeric() => words.iter_mut().last().into_iter().for_each(|word| word.push(letter)),
            None => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A word with the name of a Greek letter at its end put as the Latin letter.
fn shortened(word: &str) -> String {
    let fits = |(_, name, _): &&(char, &str, &str)| word == *name || (name.len() >= TELLING && word.ends_with(*name));
    // The longest name first: "beta" ends with "eta".
    let found = GREEK.iter().filter(fits).max_by_key(|(_, name, _)| name.len());
    found.map_or_else(|| word.to_owned(), |(_, name, letter)| format!("{}{letter}", &word[..word.len() - name.len()]))
}

impl Name {
    fn new(name: &str) -> Self {
        let words = words(name);
        let short = Spelling::new(words.iter().map(|word| shortened(word)));
        Self { long: Spelling::new(words.into_iter()), short }
    }

    fn rank(&self, query: &Self) -> Option<u32> {
        let long = self.long.rank(&query.long.joined);
        let short = self.short.rank(&query.short.joined);
        let all_words = || {
            let parts = &query.long;
            let ends = parts.starts.iter().skip(1).copied().chain([parts.joined.len()]);
            let all =
                parts.starts.iter().zip(ends).all(|(from, to)| self.long.joined.contains(&parts.joined[*from..to]));
            all.then_some(4)
        };
        [long, short].into_iter().flatten().min().or_else(all_words)
    }
}

/// Names made ready to be searched.
#[derive(Clone, Debug, Default)]
pub struct Index {
    entries: Vec<Vec<Name>>,
}

impl Index {
    /// One entry for each list of names.
    pub fn new<'a, N: IntoIterator<Item = &'a str>>(entries: impl IntoIterator<Item = N>) -> Self {
        let names = |entry: N| entry.into_iter().map(Name::new).collect();
        Self { entries: entries.into_iter().map(names).collect() }
    }

    /// Places of the entries that fit, best first; of equals the shorter name, then the earlier entry. Nothing typed
    /// fits every entry.
    pub fn find(&self, query: &str) -> Vec<usize> {
        let query = Name::new(query);
        if query.long.joined.is_empty() {
            return (0..self.entries.len()).collect();
        }
        let best = |(place, names): (usize, &Vec<Name>)| {
            let rank = |name: &Name| name.rank(&query).map(|rank| (rank, name.long.joined.len()));
            names.iter().filter_map(rank).min().map(|rank| (rank, place))
        };
        let mut found: Vec<_> = self.entries.iter().enumerate().filter_map(best).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, place)| place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Index;

    const NAMES: [&[&str]; 7] = [
        &["IFN-beta", "Interferon beta (IFN-β)", "IFNB1"],
        &["IFN-gamma", "Interferon gamma (IFN-γ)", "type II interferon"],
        &["IFN-lambda1", "Interferon lambda 1", "IL-29"],
        &["IL-2", "Interleukin 2", "TCGF"],
        &["IL-21", "Interleukin 21"],
        &["TNF", "Tumour necrosis factor", "TNF-α", "cachectin"],
        &["TGFb1", "Transforming growth factor beta 1"],
    ];

    fn find(query: &str) -> Vec<usize> {
        Index::new(NAMES.map(|names| names.iter().copied())).find(query)
    }

    #[test]
    fn spellings_of_greek_letters_are_one() {
        for query in ["IFN-β", "ifnb", "IFN-beta", "IFNbeta", "ifn beta", "IFN β", "ifn_b"] {
            assert_eq!(find(query).first(), Some(&0), "{query}");
        }
        assert_eq!(find("TNFalpha").first(), Some(&5));
        assert_eq!(find("tnfa").first(), Some(&5));
        assert_eq!(find("TGF-β1").first(), Some(&6));
        assert_eq!(find("γ").first(), Some(&1));
    }

    #[test]
    fn the_whole_name_stands_before_longer_ones() {
        assert_eq!(find("il2"), [3, 2, 4], "IL-2, then IL-29 and IL-21, which begin with it");
        assert_eq!(find("IL-21"), [4]);
        assert_eq!(find("interleukin"), [3, 4]);
    }

    #[test]
    fn other_names_and_words_in_any_order_are_found() {
        assert_eq!(find("cachectin"), [5]);
        assert_eq!(find("gamma interferon"), [1]);
        assert_eq!(find("factor").len(), 2);
        assert!(find("xyz").is_empty());
    }

    #[test]
    fn nothing_typed_leaves_everything_in_its_order() {
        assert_eq!(find(" - "), [0, 1, 2, 3, 4, 5, 6]);
        assert!(Index::default().find("x").is_empty());
    }
}
