//! Arrays as data: dtypes, scalars, dimensions with names and coordinates, aligned and budgeted buffers, strided arrays,
//! and how values print. Owns no operation on arrays beyond views.

pub mod buffer;
pub mod calendar;
pub mod dims;
pub mod display;
pub mod dtype;
pub mod scalar;
pub mod strided;

pub use buffer::{Buffer, Pool};
pub use calendar::Calendar;
pub use dims::{ArrayTy, Coord, Dim, Size};
pub use dtype::DType;
pub use scalar::Scalar;
pub use strided::Array;
