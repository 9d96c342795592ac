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
        let squares = try checked(rows, metric: metric, dimension: dimension)
        var copy = Matrix(copying: rows)
        if metric == .cosine { normalize(&copy, squares: squares) }
        return copy
    }

    /// The square of each row's length, where an index takes all of them.
    static func checked(
        _ rows: MatrixView<Float>, metric: Metric, dimension: Int
    ) throws(VectorIndexError) -> [Double] {
        guard rows.columns == dimension else { throw .wrongDimension(expected: dimension, found: rows.columns) }
        let squares = parallelMap(rows.rows, grain: 64) { sumOfSquares(rows.rows($0..<$0 + 1)) }
        // NaN fails every comparison.
        let limit = metric == .cosine ? .greatestFiniteMagnitude : limit
        if let row = squares.firstIndex(where: { !($0 <= limit) }) { throw .notFinite(row: row) }
        return squares
    }
}
