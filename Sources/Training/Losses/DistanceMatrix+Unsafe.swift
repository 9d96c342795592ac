internal import VectorMath

/// The distances of all texts of a batch from one another, and the way back from the derivatives by them.
struct DistanceMatrix {
    /// The distance of row i from row j, `[B, B]`; that of a cosine is 1 − cosine.
    let values: Matrix<Float>

    private let measure: VectorMeasure
    private let places: [Int]
    private let embeddings: MatrixView<Float>
    private let unit: UnitRows?
    /// The vectors that are compared, `[B, D]`: unit vectors for cosines.
    private let vectors: Matrix<Float>

    /// - Parameters:
    ///   - embeddings: `[U, D]`.
    ///   - places: the row of each text, `[B]`.
    init(_ measure: VectorMeasure, of embeddings: MatrixView<Float>, at places: [Int]) {
        precondition(measure.isDistance, "a dot product is no distance")
        self.measure = measure
        self.places = places
        self.embeddings = embeddings
        let unit = measure == .cosine ? UnitRows(embeddings) : nil
        let vectors = unit.map { gathered($0.unit, places) } ?? gathered(embeddings, places)
        self.unit = unit
        self.vectors = vectors
        let (count, width) = (places.count, embeddings.columns)
        var values = Matrix<Float>(uninitializedRows: count, columns: count)
        if measure == .cosine {
            multiply(vectors.view, vectors.view, transposingSecond: true, into: &values, alpha: -1)
            addRowVector(Array(repeating: 1, count: count), to: &values)
        } else {
            let (valueStride, stride) = (values.stride, vectors.stride)
            var scratch = [Float](repeating: 0, count: width)
            values.withUnsafeMutablePointer { values in
                vectors.withUnsafePointer { base in
                    scratch.withUnsafeMutableBufferPointer { scratch in
                        guard let scratch = scratch.baseAddress else { return }
                        for i in 0..<count {
                            for j in 0...i {
                                let (a, b) = (base + i * stride, base + j * stride)
                                let distance: Float
                                if measure == .euclidean {
                                    distance = Distance.squaredL2(a, b, count: width).squareRoot()
                                } else {
                                    LossKernels.absoluteDifferences(a, b, into: scratch, count: width)
                                    distance = RowKernels.sum(scratch, count: width)
                                }
                                values[i * valueStride + j] = distance
                                values[j * valueStride + i] = distance
                            }
                        }
                    }
                }
            }
        }
        self.values = values
    }

    /// The derivative by the embeddings, `[U, D]`, of something whose derivative by each distance is given, `[B, B]`.
    /// Where two vectors are the same, it is 0.
    func gradients(_ weights: Matrix<Float>) -> Matrix<Float> {
        let count = places.count
        var symmetric = weights
        for i in 0..<count {
            for j in 0...i {
                let sum = weights[i, j] + weights[j, i]
                let share = measure == .euclidean ? (values[i, j] == 0 ? 0 : sum / values[i, j]) : sum
                symmetric[i, j] = i == j ? 0 : share
                symmetric[j, i] = symmetric[i, j]
            }
        }
        var result = Matrix<Float>(rows: count, columns: embeddings.columns)
        switch measure {
        case .cosine:
            for i in 0..<count { symmetric[i, i] = 2 * weights[i, i] }
            multiply(symmetric.view, vectors.view, into: &result, alpha: -1)
        case .euclidean:
            // Σⱼ sᵢⱼ (xᵢ − xⱼ)
            for i in 0..<count { symmetric[i, i] = -symmetric.row(i).reduce(0, +) }
            multiply(symmetric.view, vectors.view, into: &result, alpha: -1)
        case .manhattan, .dot: addSigns(symmetric, to: &result)
        }
        var gradients = Matrix<Float>(rows: embeddings.rows, columns: embeddings.columns)
        scatterAdd(result, to: &gradients, at: places)
        return unit?.gradients(gradients) ?? gradients
    }

    private func addSigns(_ weights: Matrix<Float>, to result: inout Matrix<Float>) {
        let (width, stride, resultStride) = (vectors.columns, vectors.stride, result.stride)
        var scratch = [Float](repeating: 0, count: width)
        result.withUnsafeMutablePointer { result in
            vectors.withUnsafePointer { base in
                scratch.withUnsafeMutableBufferPointer { scratch in
                    guard let scratch = scratch.baseAddress else { return }
                    for i in 0..<weights.rows {
                        for j in 0..<weights.rows where weights[i, j] != 0 {
                            LossKernels.differenceSigns(
                                base + i * stride, base + j * stride, into: scratch, count: width)
                            RowKernels.axpy(weights[i, j], scratch, to: result + i * resultStride, count: width)
                        }
                    }
                }
            }
        }
    }
}
