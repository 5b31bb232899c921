//! `geo:` URIs, which EPCIS allows as read points (RFC 5870; CBV 2.0 §8.3).

/// A point on the Earth in WGS 84.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geo {
    /// Degrees north, -90 to 90.
    pub lat: f64,
    /// Degrees east, -180 to 180.
    pub lon: f64,
    /// Uncertainty in metres (`u=`), where given.
    pub accuracy_m: Option<f64>,
}

/// Reads a `geo:lat,lon[,altitude][;u=metres]` URI. None if it is not one, if
/// the coordinates are off the globe, or if another reference system than
/// WGS 84 is named (`crs=`).
pub fn parse_geo(uri: &str) -> Option<Geo> {
    let scheme = uri.get(..4)?;
    if !scheme.eq_ignore_ascii_case("geo:") {
        return None;
    }
    let mut parts = uri.get(4..)?.split(';');
    let mut coordinates = parts.next()?.split(',');
    let lat = number(coordinates.next()?)?;
    let lon = number(coordinates.next()?)?;
    if let Some(altitude) = coordinates.next() {
        number(altitude)?;
    }
    if coordinates.next().is_some() || lat.abs() > 90.0 || lon.abs() > 180.0 {
        return None;
    }
    let mut accuracy_m = None;
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if name.eq_ignore_ascii_case("crs") && !value.eq_ignore_ascii_case("wgs84") {
            return None;
        }
        if name.eq_ignore_ascii_case("u") {
            accuracy_m = Some(number(value).filter(|u| *u >= 0.0)?);
        }
    }
    Some(Geo {
        lat,
        lon,
        accuracy_m,
    })
}

/// A number of RFC 5870: optional minus, digits, optional fraction.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_geo_uri_gives_point_and_accuracy() {
        assert_eq!(
            parse_geo("geo:52.5,13.4;u=35"),
            Some(Geo {
                lat: 52.5,
                lon: 13.4,
                accuracy_m: Some(35.0)
            })
        );
        assert_eq!(
            parse_geo("geo:-33.86,151.2,12;crs=wgs84"),
            Some(Geo {
                lat: -33.86,
                lon: 151.2,
                accuracy_m: None
            })
        );
    }

    #[test]
    fn what_is_no_point_on_earth_is_none() {
        for bad in [
            "geo:91,0",
            "geo:0,181",
            "geo:1",
            "geo:1,2,3,4",
            "geo:NaN,1",
            "geo:inf,1",
            "geo:1e1,1",
            "geo:1,2;u=-4",
            "geo:1,2;u=x",
            "geo:1,2;crs=moon",
            "geo",
            "géo:1,2",
            "",
        ] {
            assert_eq!(parse_geo(bad), None, "{bad}");
        }
    }
}
