package import VectorMath

extension LowRankPair {
    /// What ``matrices`` are called in files.
    package var matrixNames: [String] { magnitude == nil ? ["a", "b"] : ["a", "b", "magnitude"] }

    /// What trains of the pair: A, B, and with magnitudes these as one row.
    package var matrices: [Matrix<Float>] { [a, b] + (magnitude.map { [Matrix(rowsOf: [$0])] } ?? []) }

    /// Takes its matrices from the front of a list of all.
    package mutating func takeMatrices(from list: inout ArraySlice<Matrix<Float>>) {
        a = list.removeFirst()
        b = list.removeFirst()
        if magnitude != nil { magnitude = list.removeFirst().row(0) }
    }
}
