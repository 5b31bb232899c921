//! Parties, places, products and lots.

use rand::Rng;
use rand::SeedableRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

use crate::event::{DAY, HOUR, Micros};
use crate::geography::{CITIES, City, countries};
use crate::identifiers as id;
use crate::noise::Noise;

/// What to simulate.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Options {
    /// Seed; the same seed gives the same world.
    pub seed: u64,
    /// Packs to make, about (whole lots are made).
    pub units: usize,
    /// First day of the world, microseconds UTC.
    pub start: Micros,
    /// Days of steady trade: production goes on all the time, packs stay on shelves for weeks, and the
    /// world ends with the last day, whatever is on its way then. `None`: production within 20 days, and
    /// every pack's life to its end.
    pub trade_days: Option<u32>,
    /// Labelled anomalies per rule, about (0 = an honest world).
    pub anomalies_per_rule: usize,
    /// Ordinary noise.
    pub noise: Noise,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            units: 2_000,
            // 2026-01-05T00:00:00Z
            start: 1_767_571_200_000_000,
            trade_days: None,
            anomalies_per_rule: 5,
            noise: Noise::default(),
        }
    }
}

impl Options {
    /// Hours within which all lots are made.
    fn production_hours(&self) -> i64 {
        24 * i64::from(self.trade_days.unwrap_or(20))
    }

    /// Longest time a pack lies on a shelf before it is sold, minutes.
    pub(crate) fn shelf_minutes(&self) -> i64 {
        24 * 60 * if self.trade_days.is_some() { 40 } else { 12 }
    }

    /// When the world ends, if it is cut off in the middle of trade.
    pub(crate) fn end(&self) -> Option<Micros> {
        Some(self.start + i64::from(self.trade_days?) * DAY)
    }
}

/// A company.
#[derive(Debug, Clone)]
pub struct Party {
    /// GLN-13.
    pub gln: String,
    /// Name.
    pub name: String,
    /// Party role.
    pub role: &'static str,
    /// GS1 company prefix.
    pub prefix: String,
    /// Writes Digital Links where others write URNs.
    pub spells_links: bool,
    /// Gives its events an eventID.
    pub publishes_ids: bool,
    /// Its clocks are off by this much.
    pub clock_skew: Micros,
}

/// A place.
#[derive(Debug, Clone)]
pub struct Location {
    /// GLN-13.
    pub gln: String,
    /// Name.
    pub name: String,
    /// Location kind.
    pub kind: &'static str,
    /// Operating party, index.
    pub party: usize,
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Minutes east of UTC.
    pub offset_minutes: i32,
}

impl Location {
    pub(crate) fn position(&self) -> (f64, f64) {
        (self.latitude, self.longitude)
    }
}

/// A trade item.
#[derive(Debug, Clone)]
pub struct Product {
    /// GTIN-14.
    pub gtin: String,
    /// Name.
    pub name: String,
    /// Brand.
    pub brand: String,
    /// pharma, fashion or food.
    pub profile: &'static str,
    /// Countries it may be sold in.
    pub markets: Vec<&'static str>,
    /// Manufacturer, index of a party.
    pub maker: usize,
    /// Factory, index of a location.
    pub factory: usize,
    /// Kind of the place where it is sold.
    pub outlet: &'static str,
    /// bizStep that ends its life.
    pub terminal: &'static str,
}

/// A lot of a product.
#[derive(Debug, Clone)]
pub struct Lot {
    /// Product, index.
    pub product: usize,
    /// Lot number.
    pub lot: String,
    /// Last good day.
    pub expiry: chrono::NaiveDate,
    /// When production starts.
    pub made: Micros,
    /// Pure identity URNs of its packs.
    pub packs: Vec<String>,
    /// Whether its serials are loaded into the registry beforehand.
    pub registered: bool,
    /// When it was recalled, if it was.
    pub recalled: Option<Micros>,
}

/// Master data of the world.
#[derive(Debug, Clone)]
pub struct World {
    /// Companies.
    pub parties: Vec<Party>,
    /// Places.
    pub locations: Vec<Location>,
    /// Trade items.
    pub products: Vec<Product>,
    /// Lots.
    pub lots: Vec<Lot>,
}

impl World {
    /// Places of a kind in a country, by index.
    pub(crate) fn places(&self, kind: &str, country: Option<&str>) -> Vec<usize> {
        (0..self.locations.len())
            .filter(|&i| {
                let l = &self.locations[i];
                l.kind == kind && country.is_none_or(|c| l.country == c)
            })
            .collect()
    }
}

/// Packs in a case, cases on a pallet: one pallet is one lot.
pub(crate) const PACKS_PER_CASE: usize = 20;
/// Cases of one lot.
pub(crate) const CASES_PER_LOT: usize = 10;

pub(crate) fn rng(options: &Options, stream: u64) -> ChaCha8Rng {
    let mut r = ChaCha8Rng::seed_from_u64(options.seed);
    r.set_stream(stream);
    r
}

struct Builder {
    parties: Vec<Party>,
    locations: Vec<Location>,
    rng: ChaCha8Rng,
    skew: Micros,
}

impl Builder {
    fn party(&mut self, name: &str, role: &'static str) -> usize {
        let prefix = id::company_prefix(self.parties.len());
        let skew = self.skew;
        self.parties.push(Party {
            gln: id::gln(&prefix, 0),
            name: name.to_owned(),
            role,
            prefix,
            spells_links: self.rng.random_bool(0.35),
            publishes_ids: self.rng.random_bool(0.75),
            clock_skew: if skew == 0 {
                0
            } else {
                self.rng.random_range(-skew..=skew)
            },
        });
        self.parties.len() - 1
    }

    fn place(&mut self, party: usize, kind: &'static str, city: &City) -> usize {
        let n = self.locations.iter().filter(|l| l.party == party).count() + 1;
        let gln = id::gln(&self.parties[party].prefix, n);
        let jitter = |r: &mut ChaCha8Rng| f64::from(r.random_range(-50..=50)) / 1000.0;
        self.locations.push(Location {
            gln,
            name: format!("{} {} {n}", city.name, kind.replace('_', " ")),
            kind,
            party,
            country: city.country,
            latitude: ((city.latitude + jitter(&mut self.rng)) * 10_000.0).round() / 10_000.0,
            longitude: ((city.longitude + jitter(&mut self.rng)) * 10_000.0).round() / 10_000.0,
            offset_minutes: city.offset_minutes,
        });
        self.locations.len() - 1
    }
}

const TRADES: [(&str, &str, &str, &str, &str); 3] = [
    (
        "pharma",
        "pharmacy",
        "dispensing",
        "Aldenta",
        "Aldenta Pharmaceuticals",
    ),
    (
        "fashion",
        "shop",
        "retail_selling",
        "Corvina",
        "Maison Corvina",
    ),
    (
        "food",
        "supermarket",
        "retail_selling",
        "Tramonto",
        "Cantine Tramonto",
    ),
];

/// Builds parties, places, products and lots.
pub(crate) fn build(options: &Options) -> World {
    let mut b = Builder {
        parties: Vec::new(),
        locations: Vec::new(),
        rng: rng(options, 1),
        skew: options.noise.clock_skew,
    };
    let mut products = Vec::new();
    let home = [CITIES[1], CITIES[3], CITIES[10]];
    for (t, (profile, outlet, terminal, brand, maker)) in TRADES.iter().enumerate() {
        let party = b.party(maker, "manufacturer");
        let factory = b.place(party, "factory", &home[t]);
        for item in 1..=4 {
            // The first product of each trade is sold everywhere: anomalies of travel need room.
            let mut markets = countries();
            if item > 1 {
                markets.shuffle(&mut b.rng);
                markets.truncate(4);
                markets.sort_unstable();
            }
            products.push(Product {
                gtin: id::gtin(&b.parties[party].prefix, item),
                name: format!("{brand} {item}00"),
                brand: (*brand).to_owned(),
                profile,
                markets,
                maker: party,
                factory,
                outlet,
                terminal,
            });
        }
    }
    let logistics = b.party("Transcontinental Logistics", "logistics_provider");
    for c in [CITIES[2], CITIES[9], CITIES[18]] {
        b.place(logistics, "distribution_centre", &c);
    }
    let returns = b.party("Circula Returns", "returns_processor");
    b.place(returns, "returns_centre", &CITIES[4]);
    for country in countries() {
        let cities: Vec<City> = CITIES
            .iter()
            .copied()
            .filter(|c| c.country == country)
            .collect();
        let w = b.party(&format!("Wholesale {country}"), "wholesaler");
        b.place(w, "wholesaler", &cities[0]);
        let d = b.party(&format!("Pharmacies {country}"), "dispenser");
        let r = b.party(&format!("Retail {country}"), "retailer");
        for c in &cities {
            for _ in 0..2 {
                b.place(d, "pharmacy", c);
            }
            b.place(r, "shop", c);
            b.place(r, "supermarket", c);
        }
    }
    let lots = lots(options, &products, &mut b.rng);
    World {
        parties: b.parties,
        locations: b.locations,
        products,
        lots,
    }
}

fn lots(options: &Options, products: &[Product], rng: &mut ChaCha8Rng) -> Vec<Lot> {
    let per_lot = PACKS_PER_CASE * CASES_PER_LOT;
    let count = options.units.div_ceil(per_lot).max(3);
    let letters: Vec<char> = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789".chars().collect();
    (0..count)
        .map(|n| {
            let product = n % products.len();
            let made = options.start + rng.random_range(0..options.production_hours()) * HOUR;
            let day = chrono::DateTime::from_timestamp_micros(made)
                .map_or(chrono::NaiveDate::MIN, |d| d.date_naive());
            let packs = (0..per_lot)
                .map(|i| {
                    let tail: String = (0..6)
                        .filter_map(|_| letters.choose(rng).copied())
                        .collect();
                    id::sgtin_urn(&products[product].gtin, &format!("{n:04}{i:03}{tail}"))
                })
                .collect();
            Lot {
                product,
                lot: format!("L{:04}{}", n, letters[n % letters.len()]),
                expiry: day + chrono::Days::new(700),
                made,
                packs,
                registered: products[product].profile == "pharma" && n % 2 == 0,
                recalled: None,
            }
        })
        .collect()
}
