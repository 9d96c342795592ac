internal import VectorMath

#if canImport(Glibc)
    internal import Glibc
#endif

/// Pairs of texts of a batch under a measure: their values, and the way back from the derivatives by them.
struct MeasuredPairs {
    /// What the values are.
    enum Measure {
        case cosine, dot, euclidean, manhattan
        /// |Σ| of the real and imaginary parts of the quotient of both vectors as complex ones, the lengths divided out:
        /// what AnglE compares. The first half of a vector is its real part.
        case angle
    }

    /// The value of each pair, `[B]`.
    let values: [Double]

    private let measure: Measure
    private let first: [Int]
    private let second: [Int]
    private let embeddings: MatrixView<Float>
    private let rows: UnitRows?

    /// - Parameters:
    ///   - embeddings: `[U, D]`; D is even for `angle`.
    ///   - first: the row of each pair's first text, `[B]`.
    ///   - second: the row of each pair's second text, `[B]`.
    init(_ measure: Measure, of embeddings: MatrixView<Float>, first: [Int], second: [Int]) {
        precondition(measure != .angle || embeddings.columns % 2 == 0, "angles need an even number of dimensions")
        self.measure = measure
        self.first = first
        self.second = second
        self.embeddings = embeddings
        rows = measure == .cosine || measure == .angle ? UnitRows(embeddings) : nil
        let table = rows?.unit.view ?? embeddings
        let width = table.columns
        var row = [Float](repeating: 0, count: width)
        values = table.withUnsafePointer { base in
            row.withUnsafeMutableBufferPointer { buffer in
                zip(first, second).map { first, second in
                    let (a, b) = (base + first * table.stride, base + second * table.stride)
                    guard let scratch = buffer.baseAddress else { return 0 }
                    switch measure {
                    case .cosine, .dot: return Double(RowKernels.dot(a, b, count: width))
                    case .euclidean: return Double(Distance.squaredL2(a, b, count: width)).squareRoot()
                    case .manhattan:
                        LossKernels.absoluteDifferences(a, b, into: scratch, count: width)
                        return Double(RowKernels.sum(scratch, count: width))
                    case .angle:
                        MeasuredPairs.turn(b, into: scratch, count: width)
                        return abs(Double(RowKernels.dot(a, scratch, count: width)))
                    }
                }
            }
        }
    }

    /// The derivative by the embeddings, `[U, D]`, of something whose derivative by each value is given, `[B]`. Where two
    /// texts are the same, or a value has no derivative for another reason, it is 0.
    func gradients(_ weights: [Double]) -> Matrix<Float> {
        precondition(weights.count == values.count, "every pair has a derivative")
        let table = rows?.unit.view ?? embeddings
        let (width, stride) = (table.columns, table.stride)
        var result = Matrix<Float>(rows: table.rows, columns: width)
        var row = [Float](repeating: 0, count: width)
        let resultStride = result.stride
        result.withUnsafeMutablePointer { result in
            table.withUnsafePointer { base in
                row.withUnsafeMutableBufferPointer { buffer in
                    guard let scratch = buffer.baseAddress else { return }
                    for (pair, weight) in weights.enumerated() where weight != 0 {
                        let (a, b) = (base + first[pair] * stride, base + second[pair] * stride)
                        let (da, db) = (result + first[pair] * resultStride, result + second[pair] * resultStride)
                        let weight = Float(weight)
                        switch measure {
                        case .cosine, .dot:
                            RowKernels.axpy(weight, b, to: da, count: width)
                            RowKernels.axpy(weight, a, to: db, count: width)
                        case .euclidean:
                            guard values[pair] != 0 else { continue }
                            scratch.update(from: a, count: width)
                            RowKernels.axpy(-1, b, to: scratch, count: width)
                            let share = weight / Float(values[pair])
                            RowKernels.axpy(share, scratch, to: da, count: width)
                            RowKernels.axpy(-share, scratch, to: db, count: width)
                        case .manhattan:
                            LossKernels.differenceSigns(a, b, into: scratch, count: width)
                            RowKernels.axpy(weight, scratch, to: da, count: width)
                            RowKernels.axpy(-weight, scratch, to: db, count: width)
                        case .angle:
                            MeasuredPairs.turn(b, into: scratch, count: width)
                            let product = RowKernels.dot(a, scratch, count: width)
                            let signed = product > 0 ? weight : product < 0 ? -weight : 0
                            RowKernels.axpy(signed, scratch, to: da, count: width)
                            MeasuredPairs.turnBack(a, into: scratch, count: width)
                            RowKernels.axpy(signed, scratch, to: db, count: width)
                        }
                    }
                }
            }
        }
        return rows?.gradients(result) ?? result
    }

    /// y = (c − d, c + d) for halves c and d of x: with a = (p, q), `a·y` is Σ of the real and the imaginary parts of a
    /// times the conjugate of x.
    private static func turn(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
        let half = count / 2
        y.update(from: x, count: half)
        RowKernels.axpy(-1, x + half, to: y, count: half)
        (y + half).update(from: x, count: half)
        RowKernels.add(x + half, to: y + half, count: half)
    }

    /// y = (p + q, q − p) for halves p and q of x: the transpose of ``turn``.
    private static func turnBack(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
        let half = count / 2
        y.update(from: x, count: half)
        RowKernels.add(x + half, to: y, count: half)
        (y + half).update(from: x + half, count: half)
        RowKernels.axpy(-1, x, to: y + half, count: half)
    }
}

extension MeasuredPairs.Measure {
    init(_ measure: VectorMeasure) {
        self =
            switch measure {
            case .cosine: .cosine
            case .dot: .dot
            case .euclidean: .euclidean
            case .manhattan: .manhattan
            }
    }
}

/// Pairs of texts of a batch with their distances.
struct PairDistances {
    /// The distance of each pair, `[B]`; that of a cosine is 1 − cosine.
    let values: [Double]
    private let pairs: MeasuredPairs
    private let sign: Double

    init(_ measure: VectorMeasure, of embeddings: MatrixView<Float>, first: [Int], second: [Int]) {
        precondition(measure.isDistance, "a dot product is no distance")
        pairs = MeasuredPairs(.init(measure), of: embeddings, first: first, second: second)
        sign = measure == .cosine ? -1 : 1
        values = measure == .cosine ? pairs.values.map { 1 - $0 } : pairs.values
    }

    /// The derivative by the embeddings, of something whose derivative by each distance is given.
    func gradients(_ weights: [Double]) -> Matrix<Float> { pairs.gradients(weights.map { sign * $0 }) }
}
