public import VectorMath

/// y = W x + b, on the rows of a matrix.
public struct AffineMap: Sendable, Equatable {
    /// W, `[out, in]`, as files of torch have it.
    public var weight: Matrix<Float>
    /// b, `[out]`.
    public var bias: [Float]

    /// A map; without a bias it is linear.
    public init(weight: Matrix<Float>, bias: [Float]? = nil) {
        precondition(bias.map { $0.count == weight.rows } ?? true, "a bias of another width than the weight's rows")
        self.weight = weight
        self.bias = bias ?? [Float](repeating: 0, count: weight.rows)
    }

    /// The map that changes nothing.
    public static func identity(_ width: Int) -> AffineMap {
        var weight = Matrix<Float>(rows: width, columns: width)
        for i in 0..<width { weight[i, i] = 1 }
        return AffineMap(weight: weight)
    }

    /// The map of every row: `[N, in]` to `[N, out]`.
    public func callAsFunction(_ x: MatrixView<Float>) -> Matrix<Float> {
        var y = Matrix<Float>(uninitializedRows: x.rows, columns: weight.rows)
        multiply(x, weight.view, transposingSecond: true, into: &y)
        addRowVector(bias, to: &y)
        return y
    }

    /// Of W and b in double precision, W transposed `[in, out]`.
    init(transposed weight: DoubleMatrix, bias: [Double]) {
        self.init(weight: weight.transposed.rounded, bias: bias.map { Float($0) })
    }

    /// The mean over the rows of the squared distance between the map of x and y.
    public func meanSquaredError(from x: MatrixView<Float>, to y: MatrixView<Float>) -> Double {
        precondition(x.rows == y.rows && x.rows > 0, "an error over \(x.rows) and \(y.rows) rows")
        var mapped = self(x)
        add(y, to: &mapped, scale: -1)
        return sumOfSquares(mapped.view) / Double(x.rows)
    }
}

extension AffineMap {
    /// First another map, then this one, as one.
    public func after(_ first: AffineMap) -> AffineMap {
        precondition(
            weight.columns == first.weight.rows, "a map of \(weight.columns) after one to \(first.weight.rows)")
        var product = Matrix<Float>(uninitializedRows: weight.rows, columns: first.weight.columns)
        multiply(weight.view, first.weight.view, into: &product)
        var moved = Matrix<Float>(uninitializedRows: weight.rows, columns: 1)
        multiply(
            weight.view, Matrix(rows: first.bias.count, columns: 1, elements: first.bias).view, into: &moved)
        return AffineMap(weight: product, bias: zip(moved.elements(), bias).map { $0 + $1 })
    }
}
