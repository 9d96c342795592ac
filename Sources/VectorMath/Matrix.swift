/// A row-major matrix that owns its elements, copied when it is written while shared.
///
/// Every row starts at a multiple of 64 bytes: ``stride`` is ``columns`` rounded up to that. What lies between the last
/// column and the next row is never read. Large matrices lie on huge pages, and their memory is used again.
public struct Matrix<Element: MatrixElement>: Sendable {
    /// The number of rows.
    public let rows: Int
    /// The number of elements in a row.
    public let columns: Int
    /// Elements from the start of a row to the start of the next.
    public let stride: Int
    @usableFromInline var storage: MatrixStorage

    private init(rows: Int, columns: Int, zeroed: Bool) {
        precondition(rows >= 0 && columns >= 0, "a matrix cannot have \(rows) rows and \(columns) columns")
        let stride = Self.stride(columns: columns)
        let (count, overflow) = rows.multipliedReportingOverflow(by: stride)
        let (byteCount, byteOverflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        precondition(
            !overflow && !byteOverflow && byteCount < 1 << 48, "\(rows) × \(columns) elements do not fit in memory")
        self.rows = rows
        self.columns = columns
        self.stride = stride
        storage = MatrixStorage(byteCount: byteCount, zeroed: zeroed)
    }

    /// A matrix of zeros.
    public init(rows: Int, columns: Int) {
        self.init(rows: rows, columns: columns, zeroed: true)
    }

    /// A matrix whose elements are anything until they are written.
    public init(uninitializedRows rows: Int, columns: Int) {
        self.init(rows: rows, columns: columns, zeroed: false)
    }

    /// A matrix of the elements, row after row without gaps.
    public init(rows: Int, columns: Int, elements: [Element]) {
        precondition(
            elements.count == rows * columns, "\(elements.count) elements given for \(rows) × \(columns)")
        self.init(rows: rows, columns: columns, zeroed: false)
        elements.withUnsafeBufferPointer { source in
            guard let from = source.baseAddress else { return }
            copyRows(from: from, stride: columns)
        }
    }

    /// A matrix with the elements of a view.
    public init(copying view: MatrixView<Element>) {
        self.init(rows: view.rows, columns: view.columns, zeroed: false)
        view.withUnsafePointer { copyRows(from: $0, stride: view.stride) }
    }

    /// A matrix of rows of one length; no rows make a matrix of 0 × 0.
    public init(rowsOf rows: [[Element]]) {
        self.init(rows: rows.count, columns: rows.first?.count ?? 0, zeroed: false)
        for (index, row) in rows.enumerated() { setRow(index, to: row) }
    }

    /// One element.
    @inlinable public subscript(row: Int, column: Int) -> Element {
        get {
            precondition(row >= 0 && row < rows && column >= 0 && column < columns, "outside the matrix")
            return withUnsafePointer { $0[row * stride + column] }
        }
        set {
            precondition(row >= 0 && row < rows && column >= 0 && column < columns, "outside the matrix")
            let offset = row * stride + column
            withUnsafeMutablePointer { $0[offset] = newValue }
        }
    }

    /// A window on some of the rows.
    public subscript(rows range: Range<Int>) -> MatrixView<Element> {
        view.rows(range)
    }

    /// A read-only window on the whole matrix. It shares the elements; a later write to the matrix copies them first.
    public var view: MatrixView<Element> {
        MatrixView(
            unsafeBase: UnsafePointer(storage.base.assumingMemoryBound(to: Element.self)), rows: rows,
            columns: columns, stride: stride, owner: storage)
    }

    /// A copy of one row.
    public func row(_ index: Int) -> [Element] {
        view.row(index)
    }

    /// Replaces one row by `columns` elements.
    public mutating func setRow(_ index: Int, to elements: [Element]) {
        precondition(index >= 0 && index < rows, "row \(index) of \(rows)")
        precondition(elements.count == columns, "\(elements.count) elements given for a row of \(columns)")
        let offset = index * stride
        withUnsafeMutablePointer { target in
            elements.withUnsafeBufferPointer { source in
                if let from = source.baseAddress { (target + offset).update(from: from, count: source.count) }
            }
        }
    }

    /// A copy of the elements, row after row without gaps.
    public func elements() -> [Element] {
        view.elements()
    }

    /// Columns rounded up to whole 64 bytes.
    static func stride(columns: Int) -> Int {
        let unit = 64 / MemoryLayout<Element>.stride
        return (columns + unit - 1) / unit * unit
    }
}

extension Matrix: Equatable where Element: Equatable {
    /// Whether shape and all elements are equal.
    public static func == (a: Matrix, b: Matrix) -> Bool {
        a.rows == b.rows && a.columns == b.columns && a.elements() == b.elements()
    }
}
