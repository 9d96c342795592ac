internal import VectorMath

/// Sums over the rows of two matrices X `[N, in]` and Y `[N, out]`, in double precision: all that closed forms need of data.
///
/// Rows are added a thousand at a time in their order, on one thread: the same bits always. Complexity: O(N · in · (in + out)).
struct PairedMoments {
    /// N.
    let count: Int
    /// Σ x, `[in]`.
    private(set) var sumX: [Double]
    /// Σ y, `[out]`.
    private(set) var sumY: [Double]
    /// Σ x xᵀ, `[in, in]`.
    private(set) var xx: DoubleMatrix
    /// Σ x yᵀ, `[in, out]`.
    private(set) var xy: DoubleMatrix

    private static let blockRows = 1024

    /// The sums of pairs of rows.
    ///
    /// - Throws: `unfitData` where there are no rows, no columns, or not as many of the one as of the other; `notFinite`.
    init(_ x: MatrixView<Float>, _ y: MatrixView<Float>, for what: String) throws(LowRankError) {
        guard x.rows == y.rows else {
            throw .unfitData(what: what, reason: "\(x.rows) rows cannot be mapped to \(y.rows)")
        }
        guard x.rows > 0, x.columns > 0, y.columns > 0 else {
            throw .unfitData(what: what, reason: "there is nothing in \(x.rows) rows of \(x.columns) columns")
        }
        guard sumOfSquares(x).isFinite, sumOfSquares(y).isFinite else { throw .notFinite(routine: what) }
        count = x.rows
        (sumX, sumY) = ([], [])
        xx = DoubleMatrix(rows: x.columns, columns: x.columns)
        xy = DoubleMatrix(rows: x.columns, columns: y.columns)
        var (totalX, totalY) = (DoubleMatrix(rows: 1, columns: x.columns), DoubleMatrix(rows: 1, columns: y.columns))
        for start in stride(from: 0, to: x.rows, by: Self.blockRows) {
            let range = start..<min(x.rows, start + Self.blockRows)
            let (a, b) = (DoubleMatrix(x.rows(range)), DoubleMatrix(y.rows(range)))
            xx.addProduct(a, transposingFirst: true, a)
            xy.addProduct(a, transposingFirst: true, b)
            var ones = DoubleMatrix(rows: 1, columns: range.count)
            for i in 0..<range.count { ones.values[i] = 1 }
            totalX.addProduct(ones, a)
            totalY.addProduct(ones, b)
        }
        (sumX, sumY) = (totalX.values, totalY.values)
    }

    /// The means of x and of y.
    var means: (x: [Double], y: [Double]) {
        (sumX.map { $0 / Double(count) }, sumY.map { $0 / Double(count) })
    }

    /// The sums of x − x̄ and y − ȳ.
    var centred: PairedMoments {
        var centred = self
        let meanX = DoubleMatrix(row: means.x)
        centred.xx.addProduct(meanX, transposingFirst: true, meanX, alpha: -Double(count))
        centred.xy.addProduct(meanX, transposingFirst: true, DoubleMatrix(row: means.y), alpha: -Double(count))
        centred.sumX = sumX.map { _ in 0 }
        centred.sumY = sumY.map { _ in 0 }
        return centred
    }

    /// The sums of x and of y − M x, for a map M `[out, in]`.
    func residual(of map: DoubleMatrix) -> PairedMoments {
        var residual = self
        residual.xy.addProduct(xx, map, transposingSecond: true, alpha: -1)
        var mapped = DoubleMatrix(rows: 1, columns: sumY.count)
        mapped.addProduct(DoubleMatrix(row: sumX), map, transposingSecond: true)
        residual.sumY = zip(sumY, mapped.values).map { $0 - $1 }
        return residual
    }

    /// The mean of the eigenvalues of Σ x xᵀ: what a penalty is measured by.
    var meanEigenvalue: Double { xx.trace / Double(xx.rows) }
}

extension DoubleMatrix {
    /// One row.
    init(row: [Double]) {
        self.init(rows: 1, columns: row.count)
        values = row
    }
}
