internal import VectorMath

/// What vectors an index takes, and the form in which it keeps them.
enum VectorCheck {
    /// The largest square of a length: below it no inner product or squared distance of two vectors overflows.
    static let limit = Double(Float.greatestFiniteMagnitude) / 4

    /// A vector shorter than this counts as zero under cosine: its direction is lost in the last bits.
    static let smallestLength = Double(Float.leastNormalMagnitude)

    /// A copy of the rows as the index keeps them: for cosine at length 1, a zero vector as it is.
    static func prepared(
        _ rows: MatrixView<Float>, metric: Metric, dimension: Int
    ) throws(VectorIndexError) -> Matrix<Float> {
        guard rows.columns == dimension else { throw .wrongDimension(expected: dimension, found: rows.columns) }
        let squares = parallelMap(rows.rows, grain: 64) { sumOfSquares(rows.rows($0..<$0 + 1)) }
        // NaN fails every comparison.
        if let row = squares.firstIndex(where: { !($0 <= (metric == .cosine ? .greatestFiniteMagnitude : limit)) }) {
            throw .notFinite(row: row)
        }
        var copy = Matrix(copying: rows)
        if metric == .cosine { normalize(&copy, squares: squares) }
        return copy
    }
}
