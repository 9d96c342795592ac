/// A read-only window on rows of elements that something else owns: a matrix's storage, a mapped file.
///
/// It keeps that owner alive. The elements must not change while the window lives; ``Matrix`` sees to that by copying.
public struct MatrixView<Element: MatrixElement>: @unchecked Sendable {
    /// The number of rows.
    public let rows: Int
    /// The number of elements in a row.
    public let columns: Int
    /// Elements from the start of a row to the start of the next.
    public let stride: Int
    @usableFromInline let base: UnsafePointer<Element>
    private let owner: AnyObject?

    /// A window on `rows` rows at `base`, `stride` elements apart. `owner` is kept alive as long as the window; without
    /// one the caller does that.
    public init(unsafeBase base: UnsafePointer<Element>, rows: Int, columns: Int, stride: Int, owner: AnyObject?) {
        precondition(rows >= 0 && columns >= 0, "a view cannot have \(rows) rows and \(columns) columns")
        precondition(stride >= columns || rows <= 1, "rows of \(columns) elements overlap at a stride of \(stride)")
        self.rows = rows
        self.columns = columns
        self.stride = stride
        self.base = base
        self.owner = owner
    }

    /// One element.
    @inlinable public subscript(row: Int, column: Int) -> Element {
        precondition(row >= 0 && row < rows && column >= 0 && column < columns, "outside the matrix")
        return withUnsafePointer { $0[row * stride + column] }
    }

    /// A copy of one row.
    public func row(_ index: Int) -> [Element] {
        precondition(index >= 0 && index < rows, "row \(index) of \(rows)")
        return withUnsafePointer { Array(UnsafeBufferPointer(start: $0 + index * stride, count: columns)) }
    }

    /// A window on some of the rows.
    public func rows(_ range: Range<Int>) -> MatrixView {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
        return MatrixView(
            unsafeBase: base + range.lowerBound * stride, rows: range.count, columns: columns, stride: stride,
            owner: owner)
    }

    /// A window on some of the columns.
    public func columns(_ range: Range<Int>) -> MatrixView {
        precondition(range.lowerBound >= 0 && range.upperBound <= columns, "columns \(range) of \(columns)")
        return MatrixView(
            unsafeBase: base + range.lowerBound, rows: rows, columns: range.count, stride: stride, owner: owner)
    }

    /// A copy of the elements, row after row without gaps.
    public func elements() -> [Element] {
        guard columns > 0 else { return [] }
        return withUnsafePointer { source in
            Array(unsafeUninitializedCapacity: rows * columns) { target, count in
                guard let to = target.baseAddress else { return }
                for row in 0..<rows {
                    (to + row * columns).initialize(from: source + row * stride, count: columns)
                }
                count = rows * columns
            }
        }
    }

    /// Lends the elements: row i starts at `i * stride`. The pointer is valid during the call.
    @inlinable public func withUnsafePointer<R>(_ body: (UnsafePointer<Element>) throws -> R) rethrows -> R {
        defer { withExtendedLifetime(self) {} }
        return try body(base)
    }
}
