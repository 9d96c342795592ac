internal import VectorMath

/// The cosine of each row of `first` with the same row of `second`, both `[B, D]`; 0 where one is zero.
func cosines(_ first: MatrixView<Float>, _ second: MatrixView<Float>) -> [Double] {
    precondition(first.rows == second.rows && first.columns == second.columns)
    return first.withUnsafePointer { a in
        second.withUnsafePointer { b in
            (0..<first.rows).map { row in
                Double(Distance.cosine(a + row * first.stride, b + row * second.stride, count: first.columns))
            }
        }
    }
}
