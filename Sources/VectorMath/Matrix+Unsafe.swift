extension Matrix {
    /// Lends the elements: row i starts at `i * stride`. The pointer is valid during the call.
    @inlinable public func withUnsafePointer<R>(_ body: (UnsafePointer<Element>) throws -> R) rethrows -> R {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafePointer(storage.base.assumingMemoryBound(to: Element.self)))
    }

    /// Lends the elements to be written, after a copy where they are shared. The pointer is valid during the call.
    @inlinable public mutating func withUnsafeMutablePointer<R>(
        _ body: (UnsafeMutablePointer<Element>) throws -> R
    ) rethrows -> R {
        if !isKnownUniquelyReferenced(&storage) { storage = Matrix(copying: view).storage }
        defer { withExtendedLifetime(storage) {} }
        return try body(storage.base.assumingMemoryBound(to: Element.self))
    }

    /// Replaces the rows from `start` on by those of another matrix of as many columns.
    public mutating func setRows(from start: Int, to rows: MatrixView<Element>) {
        precondition(
            rows.columns == columns && start >= 0 && start + rows.rows <= self.rows, "the rows do not fit")
        let stride = stride
        withUnsafeMutablePointer { target in
            rows.withUnsafePointer { source in
                for row in 0..<rows.rows {
                    (target + (start + row) * stride).update(from: source + row * rows.stride, count: rows.columns)
                }
            }
        }
    }

    /// Fills fresh storage with the rows at `source`, `sourceStride` elements apart.
    func copyRows(from source: UnsafePointer<Element>, stride sourceStride: Int) {
        let target = storage.base.assumingMemoryBound(to: Element.self)
        guard columns > 0 else { return }
        for row in 0..<rows {
            (target + row * stride).initialize(from: source + row * sourceStride, count: columns)
        }
    }
}
