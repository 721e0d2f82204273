//! What a session knows by name, as completion and help need it: a snapshot taken between two entries.

use crate::base::Name;
use crate::session::Session;
use crate::types::Ty;

/// Names of a session.
#[derive(Default)]
pub struct Names {
    pub variables: Vec<(Name, Ty)>,
    /// The session's own functions with their parameters: `f(x, rate)`.
    pub functions: Vec<(Name, String)>,
}

impl Names {
    pub fn of(session: &Session) -> Names {
        let functions = session.world().functions().into_iter().map(|(name, def)| {
            let params: Vec<&str> = def.params.iter().map(|param| param.ident.name.as_str()).collect();
            (name.clone(), format!("{name}({})", params.join(", ")))
        });
        Names { functions: functions.collect(), variables: session.variables() }
    }

    pub fn ty(&self, name: &str) -> Option<&Ty> {
        self.variables.iter().find(|(known, _)| **known == *name).map(|(_, ty)| ty)
    }

    /// Names of all dimensions of the variables.
    pub fn dims(&self) -> Vec<&str> {
        self.variables.iter().flat_map(|(_, ty)| dims(ty)).collect()
    }
}

fn dims(ty: &Ty) -> Vec<&str> {
    match ty {
        Ty::Array(array) => array.dims.iter().filter_map(|dim| dim.name.as_deref()).collect(),
        Ty::Record(fields) => fields.iter().flat_map(|(_, ty)| dims(ty)).collect(),
        Ty::Tuple(items) => items.iter().flat_map(dims).collect(),
        Ty::Dataset(dataset) => {
            dataset.variables.iter().flat_map(|variable| &variable.ty.dims).filter_map(|dim| dim.name.as_deref()).collect()
        }
        _ => Vec::new(),
    }
}

/// What may stand after the dot of a value of this type, functions apart.
pub fn fields(ty: &Ty) -> Vec<&str> {
    match ty {
        Ty::Record(fields) => fields.iter().map(|(name, _)| name.as_str()).collect(),
        Ty::Dataset(dataset) => {
            let variables = dataset.variables.iter().map(|variable| variable.name.as_str());
            variables.chain(dataset.groups.iter().map(|(name, _)| name.as_str())).collect()
        }
        _ => Vec::new(),
    }
}
