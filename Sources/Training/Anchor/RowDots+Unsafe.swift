internal import VectorMath

/// The inner product of each row of `first` with the same row of `second`, both `[B, D]`.
func rowDots(_ first: MatrixView<Float>, _ second: MatrixView<Float>) -> [Double] {
    precondition(first.rows == second.rows && first.columns == second.columns, "the shapes do not fit")
    return first.withUnsafePointer { a in
        second.withUnsafePointer { b in
            (0..<first.rows).map { row in
                Double(Distance.dot(a + row * first.stride, b + row * second.stride, count: first.columns))
            }
        }
    }
}
