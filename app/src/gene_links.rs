//! Where people read on about a gene, by species.
//!
//! Does: names and addresses of public gene pages; nothing of them is fetched by the page.
//! Does not know: which genes a bundle has.
//! Flow: species + symbol → **links** → card of a gene.

/// Species of bundles that name none.
pub const HUMAN: &str = "Homo sapiens";

/// A symbol as part of an address.
fn escaped(symbol: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    symbol.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Places and addresses, the species' own first after Ensembl.
pub fn elsewhere(species: &str, gene: &str) -> Vec<(&'static str, String)> {
    let (ensembl, ncbi, gene) = (species.replace(' ', "_"), species.replace(' ', "+"), escaped(gene));
    // Each of these has genes of one species alone.
    let own = match species {
        HUMAN => Some(("GeneCards", format!("https://www.genecards.org/cgi-bin/carddisp.pl?gene={gene}"))),
        "Mus musculus" => Some(("MGI", format!("https://www.informatics.jax.org/searchtool/Search.do?query={gene}"))),
        "Caenorhabditis elegans" => {
            Some(("WormBase", format!("https://wormbase.org/search/gene/{gene}?species=c_elegans")))
        }
        _ => None,
    };
    std::iter::once(("Ensembl", format!("https://www.ensembl.org/{ensembl}/Search/Results?q={gene}")))
        .chain(own)
        .chain([("NCBI Gene", format!("https://www.ncbi.nlm.nih.gov/gene/?term={ncbi}%5Borgn%5D+AND+{gene}%5Bsym%5D"))])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{HUMAN, elsewhere};

    fn places(species: &str) -> Vec<&'static str> {
        elsewhere(species, "x").into_iter().map(|(place, _)| place).collect()
    }

    #[test]
    fn every_species_has_its_own_place() {
        assert_eq!(places(HUMAN), ["Ensembl", "GeneCards", "NCBI Gene"]);
        assert_eq!(places("Mus musculus"), ["Ensembl", "MGI", "NCBI Gene"]);
        assert_eq!(places("Caenorhabditis elegans"), ["Ensembl", "WormBase", "NCBI Gene"]);
        assert_eq!(places("Danio rerio"), ["Ensembl", "NCBI Gene"]);
    }

    #[test]
    fn symbols_are_escaped() {
        for (_, address) in elsewhere("Caenorhabditis elegans", "a&b/ c") {
            assert!(address.contains("a%26b%2F%20c"), "{address}");
        }
        assert!(elsewhere(HUMAN, "HLA-DRA")[0].1.ends_with("q=HLA-DRA"));
    }
}
