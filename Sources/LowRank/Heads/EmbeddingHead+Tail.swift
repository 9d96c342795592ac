public import ModelFiles
internal import VectorMath

/// Heads as modules that stock sentence-transformers has.
///
/// A linear head is a `Dense` module. So is a low-rank one, with W = I + U V multiplied out. Two layers are two `Dense` modules
/// although none of them can reach back to x: gelu(t) − gelu(−t) = t for every t, so a first layer of width 2 D + F with the rows I, −I
/// and W₁ carries x along, and a second one with the columns I, −I and W₂ puts it together again. `Normalize` follows.
extension EmbeddingHead {
    /// The head as steps behind a model's vectors.
    public var steps: [ModelTail.Step] {
        if let map { return [.dense(DenseModule(weight: map.weight, bias: map.bias)), .normalize] }
        let (d, f) = (inputWidth, matrices[0].rows)
        var first = Matrix<Float>(rows: 2 * d + f, columns: d)
        var second = Matrix<Float>(rows: d, columns: 2 * d + f)
        for i in 0..<d {
            (first[i, i], first[d + i, i]) = (1, -1)
            (second[i, i], second[i, d + i]) = (1, -1)
            for k in 0..<f { second[i, 2 * d + k] = matrices[2][i, k] }
        }
        first.setRows(from: 2 * d, to: matrices[0].view)
        let bias = [Float](repeating: 0, count: 2 * d) + matrices[1].row(0)
        return [
            .dense(DenseModule(weight: first, bias: bias, activation: .gelu)),
            .dense(DenseModule(weight: second, bias: matrices[3].row(0))), .normalize,
        ]
    }

    /// The steps of queries and documents for a head on one side or both.
    ///
    /// - Parameter normalizes: Whether the model's own vectors have length 1.
    public func tail(for side: HeadSide, normalizes: Bool) -> ModelTail {
        // A Router has no empty routes: what normalises twice, or multiplies by the identity, changes nothing.
        let untouched: [ModelTail.Step] =
            normalizes ? [.normalize] : [.dense(DenseModule(weight: AffineMap.identity(inputWidth).weight, bias: nil))]
        return switch side {
        case .both: ModelTail(query: steps, document: steps)
        case .query: ModelTail(query: steps, document: untouched)
        case .document: ModelTail(query: untouched, document: steps)
        }
    }

    /// The head that steps make; nil where they change nothing but lengths.
    ///
    /// A linear head may have been a low-rank one: the file does not tell.
    ///
    /// - Parameters:
    ///   - width: of what the steps are given.
    ///   - normalized: whether that has length 1.
    ///   - path: what messages shall name.
    public static func head(
        of steps: [ModelTail.Step], width: Int, normalized: Bool, path: String
    ) throws(ModelFilesError) -> EmbeddingHead? {
        var dense: [DenseModule] = []
        for (index, step) in steps.enumerated() {
            switch step {
            case .dense(let module): dense.append(module)
            case .normalize:
                guard dense.isEmpty ? normalized : steps[index...].allSatisfy({ $0 == .normalize }) else {
                    throw .unsupported(path: path, what: "Normalize between or before Dense modules")
                }
            }
        }
        guard let first = dense.first else { return nil }
        if dense.count == 1, first.activation == .identity, first.bias?.allSatisfy({ $0 == 0 }) ?? true,
            first.weight == AffineMap.identity(width).weight
        {
            return nil
        }
        guard steps.last == .normalize else {
            throw .unsupported(path: path, what: "a Dense module without Normalize behind it")
        }
        guard first.weight.columns == width, let last = dense.last, last.weight.rows == width else {
            throw .unsupported(
                path: path, what: "a Dense module from \(first.weight.columns) to \(first.weight.rows) numbers")
        }
        if dense.count == 1, first.activation == .identity {
            return EmbeddingHead(AffineMap(weight: first.weight, bias: first.bias))
        }
        guard dense.count == 2, let head = twoLayers(first, last) else {
            throw .unsupported(path: path, what: "this sequence of Dense modules")
        }
        return head
    }

    private static func twoLayers(_ first: DenseModule, _ second: DenseModule) -> EmbeddingHead? {
        let d = first.weight.columns
        let f = first.weight.rows - 2 * d
        guard f > 0, first.activation == .gelu, second.activation == .identity,
            second.weight.columns == first.weight.rows, let bias = first.bias
        else { return nil }
        var plain = AffineMap.identity(d).weight
        var negative = plain
        scale(&negative, by: -1)
        guard Matrix(copying: first.weight[rows: 0..<d]) == plain,
            Matrix(copying: first.weight[rows: d..<2 * d]) == negative,
            Matrix(copying: second.weight.view.columns(0..<d)) == plain,
            Matrix(copying: second.weight.view.columns(d..<2 * d)) == negative,
            bias[..<(2 * d)].allSatisfy({ $0 == 0 })
        else { return nil }
        plain = Matrix(copying: first.weight[rows: 2 * d..<2 * d + f])
        return try? EmbeddingHead(
            .twoLayer,
            matrices: [
                plain, Matrix(rows: 1, columns: f, elements: Array(bias[(2 * d)...])),
                Matrix(copying: second.weight.view.columns(2 * d..<2 * d + f)),
                Matrix(rows: 1, columns: d, elements: second.bias ?? [Float](repeating: 0, count: d)),
            ])
    }
}
