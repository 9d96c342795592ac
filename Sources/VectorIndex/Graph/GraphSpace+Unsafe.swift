internal import VectorMath

/// The space that a graph lives in: vectors centred, scaled and rotated, so that squared distances order them as the metric does.
///
/// For `squaredL2` and for `cosine`, whose vectors have length 1, that is the space itself. For `innerProduct` a vector x gets
/// one coordinate more, √(m - |x|²) with m the largest |x|² when the graph was begun, and a query gets 0 there: then
/// |x - q|² = m + |q|² - 2⟨x, q⟩ (Bachrach et al., "Speeding up the Xbox recommender system", 2014,
/// doi:10.1145/2645710.2645741). A vector that is longer than that has 0 there and m - |x|² added to its distances.
struct GraphSpace: Sendable {
    let metric: Metric
    let dimension: Int
    /// `[D]`, with one coordinate more for `innerProduct`.
    let centre: [Float]
    /// A power of two that makes coordinates about 1 large: half precision has digits there.
    let scale: Float
    /// m above.
    let largestSquare: Double
    let rotation: RandomRotation
    /// The centre, scaled and rotated, `[width]`.
    private let rotatedCentre: Matrix<Float>

    /// A few vectors that are so many times longer than most (in squares) have no say in where the centre is and how large others are:
    /// half precision would have nothing left for these.
    private static let unusual = 1024.0
    /// So far away that distances would leave float32: vectors are drawn nearer.
    private static let farthest: Double = 0x1p80

    var width: Int { rotation.width }

    /// The space of some vectors, `[N, D]`, prepared as the index keeps them, N > 0.
    init(_ vectors: MatrixView<Float>, metric: Metric, seed: UInt64) {
        let dimension = vectors.columns
        let all = (0..<vectors.rows).map { row in
            vectors.withUnsafePointer { CodeKernels.norms($0 + row * vectors.stride, count: dimension).squares }
        }
        let farthest = all.sorted()[all.count / 2] * Self.unusual
        let usual = all.indices.filter { all[$0] <= farthest }
        let (squares, count) = (usual.map { all[$0] }, usual.count)
        var sums = [Double](repeating: 0, count: dimension)
        sums.withUnsafeMutableBufferPointer { sums in
            vectors.withUnsafePointer { base in
                guard let sums = sums.baseAddress else { return }
                for row in usual { CodeKernels.add(base + row * vectors.stride, count: dimension, to: sums) }
            }
        }
        let largest = squares.max() ?? 0
        var centre = sums.map { Float($0 / Double(count)) }
        if metric == .innerProduct {
            centre.append(Float(squares.reduce(0) { $0 + (largest - $1).squareRoot() } / Double(count)))
        }
        let mean = centre.reduce(0) { $0 + Double($1) * Double($1) }
        let total = metric == .innerProduct ? largest : squares.reduce(0, +) / Double(count)
        let spread = max(total - mean, total * 0x1p-20) / Double(centre.count)
        // No vector that an index takes, times this, leaves float32.
        let exponent = spread > 0 ? min(60, max(-100, -(Int(spread.exponent) / 2))) : 0
        self.init(
            metric: metric, dimension: dimension, centre: centre,
            scale: Float(sign: .plus, exponent: exponent, significand: 1), largestSquare: largest,
            rotation: RandomRotation(dimension: centre.count, seed: seed))
    }

    /// A space as it was.
    ///
    /// - Parameter centre: Of as many numbers as `centre` says.
    init(
        metric: Metric, dimension: Int, centre: [Float], scale: Float, largestSquare: Double, rotation: RandomRotation
    ) {
        (self.metric, self.dimension, self.centre) = (metric, dimension, centre)
        (self.scale, self.largestSquare, self.rotation) = (scale, largestSquare, rotation)
        var rotated = Matrix<Float>(rows: 1, columns: rotation.width)
        rotated.setRow(0, to: centre.map { $0 * scale } + [Float](repeating: 0, count: rotation.width - centre.count))
        rotated.withUnsafeMutablePointer { rotation.apply($0) }
        rotatedCentre = rotated
    }

    static func layout(dimension: Int, metric: Metric, settings: GraphSettings) -> GraphRowLayout {
        GraphRowLayout(
            width: RandomRotation.width(dimension: dimension + (metric == .innerProduct ? 1 : 0)),
            degree: settings.degree, form: settings.profile == .fast ? .float16 : .bytes,
            hasAddends: metric == .innerProduct)
    }

    /// Brings a vector `[D]` into the space, `[width]`; returns what is added to its distances.
    func place(_ vector: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>) -> Float {
        CodeKernels.residual(vector, centre: centre, count: dimension, scale: scale, into: out, width: width)
        var addend: Float = 0
        if metric == .innerProduct {
            let rest = largestSquare - CodeKernels.norms(vector, count: dimension).squares
            out[dimension] = (Float(max(rest, 0).squareRoot()) - centre[dimension]) * scale
            addend = Float(min(rest, 0)) * scale * scale
        }
        draw(out)
        rotation.apply(out)
        return addend
    }

    /// Brings a query `[D]`, prepared, into the space; returns the square of its length there.
    func placeQuery(_ query: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>) -> Float {
        CodeKernels.residual(query, centre: centre, count: dimension, scale: scale, into: out, width: width)
        if metric == .innerProduct { out[dimension] = -centre[dimension] * scale }
        let square = draw(out)
        rotation.apply(out)
        return Float(square)
    }

    /// Draws what is too far away nearer, and returns the square of its length.
    @discardableResult
    private func draw(_ vector: UnsafeMutablePointer<Float>) -> Double {
        let square = RowKernels.sumOfSquares(vector, count: width)
        guard square > Self.farthest else { return square }
        // Twice, as the factor may be too small a number.
        let factor = Float((Self.farthest / square).squareRoot().squareRoot())
        RowKernels.scale(vector, count: width, by: factor)
        RowKernels.scale(vector, count: width, by: factor)
        return Self.farthest
    }

    /// From a placed query `[width]` to what inner products with rows are taken with, in place; returns what is added to them. The
    /// score is then `(product + added) / scale²`.
    func uncentre(_ placed: UnsafeMutablePointer<Float>, query: UnsafePointer<Float>) -> Double {
        rotatedCentre.withUnsafePointer { centre in RowKernels.add(centre, to: placed, count: width) }
        return CodeKernels.dot(query, centre, count: dimension) * Double(scale) * Double(scale)
    }

    /// The vector `[D]` of a row `[width]`, which is overwritten.
    func restore(_ row: UnsafeMutablePointer<Float>) -> [Float] {
        rotation.undo(row)
        return (0..<dimension).map { row[$0] / scale + centre[$0] }
    }
}
