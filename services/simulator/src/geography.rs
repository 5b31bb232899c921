//! Cities the world is built from: country, position, standard zone offset.

/// A city of the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct City {
    /// Name.
    pub(crate) name: &'static str,
    /// ISO 3166-1 alpha-2.
    pub(crate) country: &'static str,
    /// Degrees north.
    pub(crate) latitude: f64,
    /// Degrees east.
    pub(crate) longitude: f64,
    /// Minutes east of UTC (winter time; the world knows no daylight saving).
    pub(crate) offset_minutes: i32,
}

const fn city(
    name: &'static str,
    country: &'static str,
    latitude: f64,
    longitude: f64,
    offset_minutes: i32,
) -> City {
    City {
        name,
        country,
        latitude,
        longitude,
        offset_minutes,
    }
}

/// All cities; several a country.
pub(crate) const CITIES: &[City] = &[
    city("Berlin", "DE", 52.52, 13.40, 60),
    city("Munich", "DE", 48.14, 11.58, 60),
    city("Hamburg", "DE", 53.55, 9.99, 60),
    city("Paris", "FR", 48.86, 2.35, 60),
    city("Lyon", "FR", 45.76, 4.84, 60),
    city("Marseille", "FR", 43.30, 5.37, 60),
    city("Madrid", "ES", 40.42, -3.70, 60),
    city("Barcelona", "ES", 41.39, 2.17, 60),
    city("Seville", "ES", 37.39, -5.99, 60),
    city("Milan", "IT", 45.46, 9.19, 60),
    city("Rome", "IT", 41.90, 12.50, 60),
    city("Naples", "IT", 40.85, 14.27, 60),
    city("Helsinki", "FI", 60.17, 24.94, 120),
    city("Oulu", "FI", 65.01, 25.47, 120),
    city("Tampere", "FI", 61.50, 23.79, 120),
    city("Lisbon", "PT", 38.72, -9.14, 0),
    city("Porto", "PT", 41.15, -8.61, 0),
    city("Faro", "PT", 37.02, -7.93, 0),
    city("Warsaw", "PL", 52.23, 21.01, 60),
    city("Krakow", "PL", 50.06, 19.94, 60),
    city("Gdansk", "PL", 54.35, 18.65, 60),
    city("Athens", "GR", 37.98, 23.73, 120),
    city("Thessaloniki", "GR", 40.64, 22.94, 120),
    city("Patras", "GR", 38.25, 21.73, 120),
    city("New York", "US", 40.71, -74.01, -300),
    city("Chicago", "US", 41.88, -87.63, -360),
    city("Los Angeles", "US", 34.05, -118.24, -480),
    city("Tokyo", "JP", 35.68, 139.69, 540),
    city("Osaka", "JP", 34.69, 135.50, 540),
    city("Sapporo", "JP", 43.06, 141.35, 540),
    city("Sao Paulo", "BR", -23.55, -46.63, -180),
    city("Rio de Janeiro", "BR", -22.91, -43.17, -180),
    city("Recife", "BR", -8.05, -34.88, -180),
    city("Nairobi", "KE", -1.29, 36.82, 180),
    city("Mombasa", "KE", -4.04, 39.67, 180),
    city("Kisumu", "KE", -0.09, 34.77, 180),
];

/// Countries, in the order of [`CITIES`].
pub(crate) fn countries() -> Vec<&'static str> {
    let mut out: Vec<&'static str> = Vec::new();
    for c in CITIES {
        if out.last() != Some(&c.country) {
            out.push(c.country);
        }
    }
    out
}

/// Great-circle distance in km (sphere of 6371.0088 km).
pub(crate) fn distance_km(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (la, lb) = (a.0.to_radians(), b.0.to_radians());
    let (dla, dlo) = (lb - la, (b.1 - a.1).to_radians());
    let h = (dla / 2.0).sin().powi(2) + la.cos() * lb.cos() * (dlo / 2.0).sin().powi(2);
    2.0 * 6371.0088 * h.sqrt().min(1.0).asin()
}

/// Hours goods ordinarily take for a distance: road below 1,500 km, air freight above, handling included.
pub(crate) fn transit_hours(km: f64) -> f64 {
    if km < 1500.0 {
        4.0 + km / 60.0
    } else {
        20.0 + km / 700.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn berlin_is_about_878_km_from_paris() {
        let d = distance_km((52.52, 13.40), (48.86, 2.35));
        assert!((d - 878.0).abs() < 5.0, "{d}");
    }

    #[test]
    fn no_ordinary_transit_is_faster_than_a_plane() {
        for a in CITIES {
            for b in CITIES {
                let d = distance_km((a.latitude, a.longitude), (b.latitude, b.longitude));
                assert!(d / transit_hours(d) < 800.0, "{} to {}", a.name, b.name);
            }
        }
    }
}
