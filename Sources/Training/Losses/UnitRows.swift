internal import VectorMath

/// The embeddings of a batch at unit length, and the way back from their gradients.
struct UnitRows {
    /// The embeddings, each divided by its length, `[U, D]`; zero stays zero.
    let unit: Matrix<Float>
    private let norms: [Float]

    init(_ embeddings: MatrixView<Float>) {
        var unit = Matrix(copying: embeddings)
        norms = normalizeRows(&unit)
        self.unit = unit
    }

    /// The derivative by the embeddings, of one by the unit vectors, both `[U, D]`.
    func gradients(_ unitGradients: Matrix<Float>) -> Matrix<Float> {
        var gradients = Matrix<Float>(uninitializedRows: unit.rows, columns: unit.columns)
        normalizeRowsBackward(unitGradients.view, normalized: unit.view, norms: norms, into: &gradients)
        return gradients
    }
}

/// The rows of a table at some places, one below the other.
func gathered(_ table: Matrix<Float>, _ rows: [Int]) -> Matrix<Float> {
    gathered(table.view, rows)
}

/// The rows of a table at some places, one below the other.
func gathered(_ table: MatrixView<Float>, _ rows: [Int]) -> Matrix<Float> {
    var result = Matrix<Float>(uninitializedRows: rows.count, columns: table.columns)
    gatherRows(of: table, at: rows.map(Int32.init), into: &result)
    return result
}
