//! An array in memory: a shared buffer seen through an offset and strides.

use super::{ArrayTy, Buffer, DType, Scalar};
use smallvec::SmallVec;
use std::sync::Arc;

/// One value for each dimension.
pub type Axes<T> = SmallVec<[T; 4]>;

/// An array whose elements are in memory. Views share the buffer. All sizes of `ty` are known.
#[derive(Clone, Debug)]
pub struct Array {
    ty: ArrayTy,
    buffer: Arc<Buffer>,
    /// Bytes from the start of the buffer to the first element.
    offset: usize,
    /// Bytes from an element to the next along each dimension; zero repeats, negative runs backwards.
    strides: Axes<isize>,
}

/// Row-major strides in bytes of a shape.
pub fn row_major(shape: &[u64], item: usize) -> Axes<isize> {
    let mut strides = Axes::from_elem(0, shape.len());
    let mut step = item as isize;
    for (at, size) in shape.iter().enumerate().rev() {
        strides[at] = step;
        step *= (*size).max(1) as isize;
    }
    strides
}

/// Where the elements of a box lie in some bytes: the first one's offset, and from one to the next along each axis.
#[derive(Clone, Debug)]
pub struct Layout {
    pub offset: isize,
    pub strides: Axes<isize>,
}

/// Copies a box of elements of `item` bytes. Both sides hold it. O(n), runs at once.
pub fn copy_box(count: &[u64], item: usize, from: (&[u8], &Layout), to: (&mut [u8], &Layout)) {
    if count.contains(&0) {
        return;
    }
    let ((from, source), (to, target)) = (from, to);
    let last = count.len().saturating_sub(1);
    let inner = count.last().copied().unwrap_or(1) as usize;
    let steps = [source, target].map(|layout| layout.strides.last().copied().unwrap_or(item as isize));
    let outer = &count[..last];
    let mut index = vec![0u64; last];
    for _ in 0..outer.iter().product::<u64>() {
        let place = |layout: &Layout| index.iter().zip(&layout.strides).fold(layout.offset, |at, (i, stride)| at + *i as isize * stride);
        let (a, b) = (place(source), place(target));
        if steps == [item as isize; 2] {
            let len = inner * item;
            to[b as usize..b as usize + len].copy_from_slice(&from[a as usize..a as usize + len]);
        } else {
            for at in 0..inner as isize {
                let (a, b) = ((a + at * steps[0]) as usize, (b + at * steps[1]) as usize);
                to[b..b + item].copy_from_slice(&from[a..a + item]);
            }
        }
        advance(&mut index, outer);
    }
}

/// Numbers of Rust that arrays hold as they are.
pub trait Element: bytemuck::Pod + Send + Sync {
    const DTYPE: DType;
}

macro_rules! elements {
    ($($ty:ty => $dtype:ident),*) => {
        $(impl Element for $ty {
            const DTYPE: DType = DType::$dtype;
        })*
    };
}
elements!(i8 => I8, i16 => I16, i32 => I32, i64 => I64, u8 => U8, u16 => U16, u32 => U32, u64 => U64, f32 => F32, f64 => F64);

impl Array {
    /// A row-major array over a whole buffer; sizes of `ty` are known and the buffer holds them.
    pub fn new(ty: ArrayTy, buffer: Arc<Buffer>) -> Array {
        let shape = ty.shape().unwrap_or_default();
        let strides = row_major(&shape, ty.dtype.size());
        debug_assert!(ty.bytes().is_some_and(|bytes| bytes <= buffer.len() as u64));
        Array { ty, buffer, offset: 0, strides }
    }
    /// A view with its own type, offset and strides; the caller has checked that it stays within the buffer.
    pub fn view(&self, ty: ArrayTy, offset: usize, strides: Axes<isize>) -> Array {
        Array { ty, buffer: self.buffer.clone(), offset, strides }
    }
    pub fn scalar(value: Scalar) -> Array {
        let mut bytes = [0u8; 16];
        value.write(&mut bytes);
        let size = value.dtype.size();
        Array::new(ArrayTy::scalar(value.dtype), Arc::new(Buffer::from_bytes(&bytes[..size])))
    }
    /// A one-dimensional unnamed array from scalars of one dtype.
    pub fn from_scalars(dtype: DType, values: &[Scalar]) -> Array {
        let size = dtype.size();
        let mut bytes = vec![0u8; size * values.len()];
        for (value, place) in values.iter().zip(bytes.chunks_exact_mut(size)) {
            value.write(place);
        }
        Array::new(ArrayTy::unnamed(dtype, &[values.len() as u64]), Arc::new(Buffer::from_bytes(&bytes)))
    }
    /// A one-dimensional unnamed array of a vector, without a copy.
    pub fn from_vec<T: Element>(values: Vec<T>) -> Array {
        let ty = ArrayTy::unnamed(T::DTYPE, &[values.len() as u64]);
        Array::new(ty, Arc::new(Buffer::from_vec(values)))
    }
    pub fn ty(&self) -> &ArrayTy {
        &self.ty
    }
    pub fn dtype(&self) -> DType {
        self.ty.dtype
    }
    pub fn shape(&self) -> Vec<u64> {
        self.ty.shape().unwrap_or_default()
    }
    pub fn count(&self) -> u64 {
        self.ty.count().unwrap_or(0)
    }
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }
    pub fn offset(&self) -> usize {
        self.offset
    }
    pub fn buffer(&self) -> &Arc<Buffer> {
        &self.buffer
    }
    /// The same elements under another type of the same dtype size and shape (names, coordinates).
    pub fn retyped(&self, ty: ArrayTy) -> Array {
        Array { ty, ..self.clone() }
    }
    /// Whether elements lie row-major without gaps.
    pub fn is_contiguous(&self) -> bool {
        let shape = self.shape();
        let dense = row_major(&shape, self.dtype().size());
        shape.iter().zip(self.strides.iter().zip(&dense)).all(|(size, (a, b))| *size <= 1 || a == b)
    }
    /// The elements' bytes, if they are contiguous.
    pub fn bytes(&self) -> Option<&[u8]> {
        let len = self.ty.bytes()? as usize;
        if len == 0 {
            return Some(&[]);
        }
        self.is_contiguous().then(|| &self.buffer.bytes()[self.offset..self.offset + len])
    }
    /// Copies the elements row-major into `out`, which has as many bytes as they take. O(n).
    pub fn copy_to(&self, out: &mut [u8]) {
        let (item, shape) = (self.dtype().size(), self.shape());
        let own = Layout { offset: self.offset as isize, strides: self.strides.clone() };
        copy_box(&shape, item, (self.buffer.bytes(), &own), (out, &Layout { offset: 0, strides: row_major(&shape, item) }));
    }
    /// One element; `None` outside the array or for a wrong number of indices.
    pub fn get(&self, index: &[u64]) -> Option<Scalar> {
        let shape = self.shape();
        if index.len() != shape.len() || index.iter().zip(&shape).any(|(i, size)| i >= size) {
            return None;
        }
        let at = index.iter().zip(&self.strides).fold(self.offset as isize, |at, (i, stride)| at + *i as isize * stride) as usize;
        Some(Scalar::read(self.dtype(), &self.buffer.bytes()[at..]))
    }
    /// The element of a scalar, or of an array of one element.
    pub fn item(&self) -> Option<Scalar> {
        (self.count() == 1).then(|| self.get(&vec![0; self.ty.rank()])).flatten()
    }
    /// All elements in row-major order. O(n), for small arrays: coordinates, display, tests.
    pub fn scalars(&self) -> Vec<Scalar> {
        let shape = self.shape();
        let mut index = vec![0u64; shape.len()];
        let mut out = Vec::with_capacity(self.count() as usize);
        for _ in 0..self.count() {
            out.extend(self.get(&index));
            advance(&mut index, &shape);
        }
        out
    }
}

/// The next index in row-major order.
fn advance(index: &mut [u64], shape: &[u64]) {
    for (place, size) in index.iter_mut().zip(shape).rev() {
        *place += 1;
        if *place < *size {
            return;
        }
        *place = 0;
    }
}

impl PartialEq for Array {
    /// Same type and same bits.
    fn eq(&self, other: &Array) -> bool {
        self.ty == other.ty
            && match (self.bytes(), other.bytes()) {
                (Some(a), Some(b)) => a == b,
                _ => self.scalars() == other.scalars(),
            }
    }
}
