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
    ("concatenate", "concat(a, b)"),
    ("cumulative_sum", "cumsum(x)"),
    ("cumulative_prod", "cumprod(x)"),
    ("deg2rad", "radians(x)"),
    ("empty", "zeros(3, 4)"),
    ("expit", "sigmoid(x)"),
    ("fabs", "abs(x)"),
    ("fix", "trunc(x)"),
    ("float", "f64(x)"),
    ("gammaln", "lgamma(x)"),
    ("int", "i64(x)"),
    ("ln", "log(x)"),
    ("matmul", "dot(a, b), or a @ b"),
    ("mod", "remainder(x, y), or x % y"),
    ("moveaxis", "transpose(x, lat, time)"),
    ("pow", "power(x, y), or x ** y"),
    ("product", "prod(x)"),
    ("psi", "digamma(x)"),
    ("rad2deg", "degrees(x)"),
    ("range", "arange(n), or 0..n"),
    ("rename", "named(x, row, col)"),
    ("rint", "round(x)"),
    ("select", "where(condition, x, y)"),
    ("swapaxes", "transpose(x, lat, time)"),
    ("vstack", "concat(a, b, along = 0)"),
    ("hstack", "concat(a, b, along = 1)"),
];

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
    RENAMED.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| *ours)
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
        assert_eq!(renamed("arcsin"), Some("asin(x)"));
    }
}
