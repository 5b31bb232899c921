//! Codes kept in lists: countries, currencies, package and media types; IBAN.

use super::{LintError, each_character};
use crate::error::IdReason;

/// The countries of ISO 3166-1: two letters and three digits each, by letters.
const COUNTRIES: &[u8] = b"\
AD020AE784AF004AG028AI660AL008AM051AO024AQ010AR032AS016AT040AU036AW533AX248AZ031BA070BB052BD050\
BE056BF854BG100BH048BI108BJ204BL652BM060BN096BO068BQ535BR076BS044BT064BV074BW072BY112BZ084CA124\
CC166CD180CF140CG178CH756CI384CK184CL152CM120CN156CO170CR188CU192CV132CW531CX162CY196CZ203DE276\
DJ262DK208DM212DO214DZ012EC218EE233EG818EH732ER232ES724ET231FI246FJ242FK238FM583FO234FR250GA266\
GB826GD308GE268GF254GG831GH288GI292GL304GM270GN324GP312GQ226GR300GS239GT320GU316GW624GY328HK344\
HM334HN340HR191HT332HU348ID360IE372IL376IM833IN356IO086IQ368IR364IS352IT380JE832JM388JO400JP392\
KE404KG417KH116KI296KM174KN659KP408KR410KW414KY136KZ398LA418LB422LC662LI438LK144LR430LS426LT440\
LU442LV428LY434MA504MC492MD498ME499MF663MG450MH584MK807ML466MM104MN496MO446MP580MQ474MR478MS500\
MT470MU480MV462MW454MX484MY458MZ508NA516NC540NE562NF574NG566NI558NL528NO578NP524NR520NU570NZ554\
OM512PA591PE604PF258PG598PH608PK586PL616PM666PN612PR630PS275PT620PW585PY600QA634RE638RO642RS688\
RU643RW646SA682SB090SC690SD729SE752SG702SH654SI705SJ744SK703SL694SM674SN686SO706SR740SS728ST678\
SV222SX534SY760SZ748TC796TD148TF260TG768TH764TJ762TK772TL626TM795TN788TO776TR792TT780TV798TW158\
TZ834UA804UG800UM581US840UY858UZ860VA336VC670VE862VG092VI850VN704VU548WF876WS882YE887YT175ZA710\
ZM894ZW716";

/// The currencies of ISO 4217, three digits each.
const CURRENCIES: &[u8] = b"\
008012032036044048050051052060064068072084090096104108116124132136144152156170174188192203208214\
222230232238242262270292320324328332340344348352356360364368376388392396398400404408410414417418\
422426430434446454458462480484496498504512516524532533548554558566578586590598600604608634643646\
654682690702704706710728748752756760764776780784788800807818826834840858860882886901924925926927\
928929930933934936938940941943944946947948949950951952953955956957958959960961962963964965967968\
969970971972973975976977978979980981984985986990994997999";

/// The package types of UN/ECE Recommendation 21 and GS1's own (PackageTypeCode),
/// by code.
const PACKAGES: &str = "\
1A 1B 1D 1F 1G 1W 200 201 202 203 204 205 206 210 211 212 2C 3A 3H 43 44 4A 4B 4C 4D 4F 4G 4H 5H \
5L 5M 6H 6P 7A 7B 8 8A 8B 8C 9 AA AB AC AD AF AG AH AI AJ AL AM AP APE AT AV B4 BB BC BD BE BF BG \
BGE BH BI BJ BK BL BM BME BN BO BP BQ BR BRI BS BT BU BV BW BX BY BZ CA CB CBL CC CCE CD CE CF CG \
CH CI CJ CK CL CM CN CO CP CQ CR CS CT CU CV CW CX CY CZ DA DB DC DG DH DI DJ DK DL DM DN DP DPE \
DR DS DT DU DV DW DX DY E1 E2 E3 EC ED EE EF EG EH EI EN FB FC FD FE FI FL FO FOB FP FPE FR FT FW \
FX GB GI GL GR GU GY GZ HA HB HC HG HN HR IA IB IC ID IE IF IG IH IK IL IN IZ JB JC JG JR JT JY \
KG KI LAB LE LG LT LU LV LZ MA MB MC ME MPE MR MS MT MW MX NA NE NF NG NS NT NU NV OA OB OC OD OE \
OF OK OPE OT OU P2 PA PAE PB PC PD PE PF PG PH PI PJ PK PL PLP PN PO POP PP PPE PR PT PU PUE PV \
PX PY PZ QA QB QC QD QF QG QH QJ QK QL QM QN QP QQ QR QS RB1 RB2 RB3 RCB RD RG RJ RK RL RO RT RZ \
S1 SA SB SC SD SE SEC SH SI SK SL SM SO SP SS ST STL SU SV SW SX SY SZ T1 TB TC TD TE TEV TG THE \
TI TK TL TN TO TR TRE TS TT TTE TU TV TW TWE TY TZ UC UN UUE VA VG VI VK VL VN VO VP VQ VR VS VY \
WA WB WC WD WF WG WH WJ WK WL WM WN WP WQ WR WRP WS WT WU WV WW WX WY WZ X11 X12 X15 X16 X17 X18 \
X19 X20 X3 XA XB XC XD XF XG XH XJ XK YA YB YC YD YF YG YH YJ YK YL YM YN YP YQ YR YS YT YV YW YX \
YY YZ ZA ZB ZC ZD ZF ZG ZH ZJ ZK ZL ZM ZN ZP ZQ ZR ZS ZT ZU ZV ZW ZX ZY ZZ";

fn listed(
    found: bool,
    part: &str,
    code: &'static str,
    clause: &'static str,
) -> Result<(), LintError> {
    if found {
        Ok(())
    } else {
        Err(LintError::whole(IdReason::BadValue, code, clause, part))
    }
}

/// A country by its three digits.
pub fn iso3166(part: &str) -> Result<(), LintError> {
    let found = COUNTRIES
        .chunks_exact(5)
        .any(|country| &country[2..] == part.as_bytes());
    listed(found, part, "not_iso3166", "ISO 3166-1")
}

/// A country by its three digits, or 999.
pub fn iso3166999(part: &str) -> Result<(), LintError> {
    let found = part == "999" || iso3166(part).is_ok();
    listed(found, part, "not_iso3166_or_999", "ISO 3166-1")
}

/// A country by its two letters.
pub fn iso3166alpha2(part: &str) -> Result<(), LintError> {
    let found = COUNTRIES
        .chunks_exact(5)
        .any(|country| &country[..2] == part.as_bytes());
    listed(found, part, "not_iso3166_alpha2", "ISO 3166-1")
}

/// A currency by its three digits.
pub fn iso4217(part: &str) -> Result<(), LintError> {
    let found = CURRENCIES
        .chunks_exact(3)
        .any(|currency| currency == part.as_bytes());
    listed(found, part, "not_iso4217", "ISO 4217")
}

/// A biological sex: 0 not known, 1 male, 2 female, 9 not applicable.
pub fn iso5218(part: &str) -> Result<(), LintError> {
    let found = matches!(part, "0" | "1" | "2" | "9");
    listed(found, part, "invalid_biological_sex_code", "ISO/IEC 5218")
}

/// What AIDC media an identifier is on: 01 to 10, and 80 to 99 for internal use.
pub fn mediatype(part: &str) -> Result<(), LintError> {
    let found = matches!(
        part.as_bytes(),
        [b'0', b'1'..=b'9'] | b"10" | [b'8' | b'9', b'0'..=b'9']
    );
    listed(
        found,
        part,
        "invalid_media_type",
        "GS1 General Specifications 3.8 (7241)",
    )
}

/// The way a roll is wound: 0 face out, 1 face in, 9 undefined.
pub fn winding(part: &str) -> Result<(), LintError> {
    let found = matches!(part, "0" | "1" | "9");
    listed(
        found,
        part,
        "invalid_winding_direction",
        "GS1 General Specifications 3.9 (8001)",
    )
}

/// A package type.
pub fn packagetype(part: &str) -> Result<(), LintError> {
    let found = PACKAGES.split(' ').any(|code| code == part);
    listed(
        found,
        part,
        "invalid_package_type",
        "UN/ECE Recommendation 21",
    )
}

/// A bank account number: a country, two check digits and the account, 34
/// characters at most.
pub fn iban(part: &str) -> Result<(), LintError> {
    const CLAUSE: &str = "ISO 13616-1";
    const LENGTHS: std::ops::RangeInclusive<usize> = 11..=34;
    let fault = |reason, code| LintError::whole(reason, code, CLAUSE, part);
    if !LENGTHS.contains(&part.len()) {
        let short = part.len() < *LENGTHS.start();
        let code = if short {
            "iban_too_short"
        } else {
            "iban_too_long"
        };
        return Err(fault(IdReason::BadLength, code));
    }
    // Where the first two bytes are no two characters, the next rule refuses them.
    if part
        .get(..2)
        .is_some_and(|country| iso3166alpha2(country).is_err())
    {
        return Err(fault(IdReason::BadValue, "illegal_iban_country_code").within(0, 2));
    }
    let allowed = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase();
    each_character(part, allowed, "invalid_iban_character", CLAUSE)?;
    // ISO/IEC 7064 MOD 97-10 over the account, country and check digits; a
    // letter counts as two digits, A as 10.
    let rest = part
        .bytes()
        .skip(4)
        .chain(part.bytes().take(4))
        .fold(0u32, |rest, b| {
            let next = match b {
                b'0'..=b'9' => rest * 10 + u32::from(b - b'0'),
                _ => rest * 100 + u32::from(b - b'A') + 10,
            };
            next % 97
        });
    if rest != 1 {
        return Err(fault(IdReason::BadCheckDigit, "incorrect_iban_checksum").within(2, 2));
    }
    Ok(())
}
