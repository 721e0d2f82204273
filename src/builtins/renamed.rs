//! What NumPy, xarray and Python call things that have another name here: for the help of an unknown name. Owns no aliases: each function
//! has one name.

/// How a name of theirs is written here; the first part names what there is.
const RENAMED: &[(&str, &str)] = &[
    ("absolute", "abs(x)"),
    ("amax", "max(x)"),
    ("amin", "min(x)"),
    ("arccos", "acos(x)"),
    ("arccosh", "acosh(x)"),
    ("arcsin", "asin(x)"),
    ("arcsinh", "asinh(x)"),
    ("arctan", "atan(x)"),
    ("arctan2", "atan2(y, x)"),
    ("arctanh", "atanh(x)"),
    ("array", "stack(a, b), or a list: [1, 2, 3]"),
    ("astype", "as(x, f32), or x.as(f32)"),
    ("append", "concat(a, b)"),
    ("concatenate", "concat(a, b)"),
    ("cumulative_sum", "cumsum(x)"),
    ("cumulative_prod", "cumprod(x)"),
    ("deg2rad", "radians(x)"),
    ("empty", "zeros(3, 4)"),
    ("expit", "sigmoid(x)"),
    ("fabs", "abs(x)"),
    ("fix", "trunc(x)"),
    ("diagflat", "diag(ravel(x))"),
    ("dsplit", "split(x, n, along = 2)"),
    ("float", "f64(x)"),
    ("gammaln", "lgamma(x)"),
    ("hsplit", "split(x, n, along = 1)"),
    ("identity", "eye(n)"),
    ("int", "i64(x)"),
    ("ln", "log(x)"),
    ("mod", "remainder(x, y), or x % y"),
    ("pow", "power(x, y), or x ** y"),
    ("product", "prod(x)"),
    ("psi", "digamma(x)"),
    ("rad2deg", "degrees(x)"),
    ("range", "arange(n), or 0..n"),
    ("rint", "round(x)"),
    ("rollaxis", "moveaxis(x, time, 0)"),
    ("row_stack", "vstack(a, b)"),
    ("select", "where(condition, x, y)"),
    ("vsplit", "split(x, n, along = 0)"),
];

/// Values and packages of theirs.
const WORDS: &[(&str, &str)] = &[
    ("True", "true"),
    ("False", "false"),
    ("None", "nan, where a float is missing"),
    ("NaN", "nan"),
    ("NA", "nan"),
    ("Inf", "inf"),
    ("Infinity", "inf"),
    ("np", NO_PREFIX),
    ("numpy", NO_PREFIX),
    ("xr", NO_PREFIX),
    ("da", NO_PREFIX),
    ("math", NO_PREFIX),
];
const NO_PREFIX: &str = "functions alone, as mean(x) or zeros(3)";

/// Parameters of theirs, and what may stand for them here.
const PARAMETERS: &[(&str, &str)] = &[
    ("a_max", "high"),
    ("a_min", "low"),
    ("axis", "along"),
    ("axis", "over"),
    ("dim", "along"),
    ("dim", "over"),
    ("fill_value", "value"),
    ("k", "diagonal"),
    ("num", "count"),
];

/// The parameter among `params` that another language calls `name`.
pub fn renamed_parameter(name: &str, params: &[&str]) -> Option<&'static str> {
    PARAMETERS.iter().find(|(theirs, ours)| *theirs == name && params.contains(ours)).map(|(_, ours)| *ours)
}

/// How to write what another language calls `name`.
pub fn renamed(name: &str) -> Option<&'static str> {
    RENAMED.iter().chain(WORDS).find(|(theirs, _)| *theirs == name).map(|(_, ours)| *ours)
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    #[test]
    fn what_is_named_exists() {
        for (theirs, ours) in RENAMED {
            assert!(find(theirs).is_none(), "{theirs} is a built-in");
            assert!(ours.split('(').next().and_then(find).is_some(), "{ours}");
        }
        assert!(WORDS.iter().all(|(theirs, _)| find(theirs).is_none()));
        assert_eq!(renamed("arcsin"), Some("asin(x)"));
    }
}
