//! Distances on the Earth.

/// Mean radius of the Earth, km (IUGG).
const EARTH_KM: f64 = 6371.0088;

/// A point on the Earth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
}

impl Position {
    /// None for what is no point on the Earth.
    #[must_use]
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let on_earth = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        on_earth.then_some(Self {
            latitude,
            longitude,
        })
    }
}

/// Great-circle distance in km (haversine).
#[must_use]
pub fn km(a: Position, b: Position) -> f64 {
    let (lat_a, lat_b) = (a.latitude.to_radians(), b.latitude.to_radians());
    let half_lat = (lat_b - lat_a) / 2.0;
    let half_lon = (b.longitude - a.longitude).to_radians() / 2.0;
    let h = half_lat.sin().powi(2) + lat_a.cos() * lat_b.cos() * half_lon.sin().powi(2);
    2.0 * EARTH_KM * h.sqrt().min(1.0).asin()
}

/// No less than [`km`], and cheap: the way along a meridian and the equator.
#[must_use]
pub fn km_at_most(a: Position, b: Position) -> f64 {
    let north = (b.latitude - a.latitude).abs();
    let east = (b.longitude - a.longitude).abs();
    let degrees = north + east.min(360.0 - east);
    // A metre and a millionth for what rounding takes.
    EARTH_KM * degrees.to_radians() * 1.000_001 + 0.001
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_way_round_is_never_shorter(
            a in (-90.0..=90.0, -180.0..=180.0), b in (-90.0..=90.0, -180.0..=180.0),
        ) {
            let (a, b) = (Position::new(a.0, a.1).unwrap(), Position::new(b.0, b.1).unwrap());
            prop_assert!(km_at_most(a, b) >= km(a, b));
        }
    }

    #[test]
    fn berlin_to_tokyo_is_8900_km_and_there_is_no_distance_from_a_place_to_itself() {
        let berlin = Position::new(52.52, 13.405).unwrap();
        let tokyo = Position::new(35.6762, 139.6503).unwrap();
        assert!(
            (km(berlin, tokyo) - 8919.0).abs() < 10.0,
            "{}",
            km(berlin, tokyo)
        );
        assert_eq!(km(berlin, berlin), 0.0);
        let (west, east) = (
            Position::new(0.0, -179.5).unwrap(),
            Position::new(0.0, 179.5).unwrap(),
        );
        assert!((km(west, east) - 111.2).abs() < 0.1);
        assert_eq!(Position::new(91.0, 0.0), None);
        assert_eq!(Position::new(f64::NAN, 0.0), None);
    }
}
