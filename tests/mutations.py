"""The faults of `mutants.py`: for each file the tests that should notice, and what is replaced.

A fault is a pair of texts, the first of which the file has exactly once; further names are the
tests of this fault alone.
"""

EXACT = {
    "wganlab/exact/transport.py": (
        ("transport", "potentials"),
        [
            ("np.add.at(at_x, moves.row, step)", "np.add.at(at_x, moves.row, -step)"),
            ("np.add.at(at_y, moves.col, -step)", "np.add.at(at_y, moves.col, step)"),
            ("Discrete((1 - t) * x + t * y,", "Discrete(t * x + (1 - t) * y,"),
            (
                "value=solution.scale * solution.primal ** (1 / p)",
                "value=solution.scale * solution.primal",
            ),
            ("length ** (self.p - 1)", "length**self.p"),
            (
                "power = self.p * math.log(self._solution.scale)",
                "power = math.log(self._solution.scale)",
            ),
            ("- g).argmin(axis=1)", "- g).argmax(axis=1)"),
            (
                "self._solution.scale * max(dual, 0.0) ** (1 / self.p)",
                "self._solution.scale * max(dual, 0.0)",
            ),
            (
                "return (primal - self._solution.dual()) / primal if primal > 0 else 0.0",
                "return 0.0",
            ),
        ],
    ),
    "wganlab/exact/ground.py": (
        ("transport", "potentials", "ipm", "ground"),
        [
            ("square = u @ (-2 * v.T)", "square = u @ (-1 * v.T)"),
            ("close = np.argwhere(square < 1e-4 *", "close = np.argwhere(square < 1e-16 *"),
            ("metric) ** p - g).min(axis=1)", "metric) ** p + g).min(axis=1)"),
            ("return np.sign(difference)", "return -np.sign(difference)"),
            ("length = cdist(x, y) if", 'length = cdist(x, y, "sqeuclidean") if'),
            (
                'METRICS = {"euclidean": "euclidean", "l1": "cityblock"',
                'METRICS = {"l1": "euclidean"',
            ),
            ('cdist(u, v, "sqeuclidean") / 2', 'cdist(u, v, "sqeuclidean")'),
            ("close = np.argwhere(length < TINY)", "close = np.argwhere(length < 0)"),
        ],
    ),
    "wganlab/exact/potentials.py": (
        ("potentials",),
        [
            ("f = f - f[mu.weights > 0].max()", "f = f + 0.0"),
            ("mu.points, f, metric)", "mu.points, -f, metric)"),
            ("return value - _rounding(value,", "return value - 0 * _rounding(value,"),
            ("mu.weights @ f + nu.weights @ transform", "f.mean() + nu.weights @ transform"),
            ("mu.weights @ f + nu.weights @ transform", "mu.weights @ f + transform.max()"),
        ],
    ),
    "wganlab/exact/simplex.py": (
        ("transport",),
        [
            (
                "np.minimum(g, (part - f[block, None]).min(axis=0), out=g)",
                "np.minimum(g, (part + f[block, None]).min(axis=0), out=g)",
            ),
            ("unit = 2.0 ** min(1023,", "unit = 1.0 or 2.0 ** min(1023,"),
            ("if lower > cap * 0.1 ** (1 / p):", "if lower > 0:"),
            ("np.minimum(distance, cap) / cap", "np.minimum(distance, cap)"),
            ("GAP_TOLERANCE = 1e-9", "GAP_TOLERANCE = 1e-2"),
            ("RESOLUTION = 1e-11", "RESOLUTION = 1.0"),
            ("MASS_TOLERANCE / len(marginal)", "2 * len(marginal)"),
            ('if log["warning"] is not None:', 'if log["warning"] == 0:'),
            ("x, y = (mu.points - corner) / scale,", "x, y = mu.points / scale,"),
            ("length = along(x[i], y[j], metric)", 'length = along(x[i], y[j], "euclidean")'),
        ],
    ),
    "wganlab/exact/solvers.py": (
        ("transport",),
        [
            ("mass = min(need, left[j])", "mass = max(need, left[j])"),
            (
                "need, left[j] = need - mass, left[j] - mass",
                "need, left[j] = need - mass, left[j]",
            ),
            ("rest = (a[kept_a].sum() + b[kept_b].sum()) / 2", "rest = 1.0"),
            ("return f, -minus_g", "return f, minus_g"),
            (
                "if p == 1 and obeys_triangles:",
                "if p >= 1 and obeys_triangles:",
            ),
            ("dual=lambda: rest * part.dual(),", "dual=part.dual,"),
            ("too_large = needed > DENSE_BYTES or (", "too_large = False and ("),
        ],
    ),
    "wganlab/exact/quantiles.py": (
        ("transport", "potentials"),
        [
            ("-np.sign(excess), 0.0)", "np.sign(excess), 0.0)"),
            (
                "np.arange(1, len(weights) + 1) / len(weights)",
                "np.arange(len(weights)) / len(weights)",
            ),
            ("primal=float(length.mean()),", "primal=float(length.sum()),"),
            ("        length **= p\n", "        length **= 1\n"),
            ("targets[orders()[0]] = orders()[1]", "targets[orders()[1]] = orders()[0]"),
            (
                "most = _line_cost(low_x[1:], low_y[:-1],",
                "most = _line_cost(low_x[:-1], low_y[1:],",
            ),
            ("least = cost[tie + 1] - _line_cost", "least = cost[tie - 1] - _line_cost"),
            (
                "primal=float(mass[kept] @ (length / scale) ** p),",
                "primal=float(mass[kept] @ (length / scale)),",
            ),
        ],
    ),
    "wganlab/exact/divergences.py": (
        ("divergences",),
        [
            ("min(1.0, float(0.5 * np.abs(u - v).sum()))", "min(1.0, float(np.abs(u - v).sum()))"),
            ("float(0.25 * np.sum((u + v) *", "float(0.5 * np.sum((u + v) *"),
            ("np.arctanh(small) + np.log1p", "np.arctanh(small) - np.log1p"),
            ("terms[near] = v[on][near] * ratio**2 *", "terms[near] = v[on][near] * ratio *"),
            ("return float(terms.sum() + v[~on].sum())", "return float(terms.sum())"),
            ("float(0.5 * np.sum((u - v) *", "float(np.sum((u - v) *"),
            ("(np.log(u[on]) - np.log(v[on]))", "(np.log(v[on]) - np.log(u[on]))"),
            ("lost - 2 * np.log1p(gone)", "lost - np.log1p(gone)"),
            ("return 0.25 * mass * np.where(ratio < 1,", "return 0.5 * mass * np.where(ratio < 1,"),
            ("return -0.5 * np.exp(larger)", "return -np.exp(larger)"),
            ("np.where(p > 0, p * ratio - p, 0.0) + q)", "np.where(p > 0, p * ratio - p, 0.0))"),
            (
                "on = u > 0\n    if (v[on] == 0).any():",
                "on, v = u > 0, np.maximum(v, 1e-12)\n    if (v[on] == 0).any():",
            ),
            ("np.tanh((log_p - log_q) / 2) ** 2", "np.tanh(log_p - log_q) ** 2"),
            ("np.exp(log_q) * np.expm1(ratio) ** 2, 0.0)", "np.exp(log_q) * np.expm1(ratio), 0.0)"),
            ("if u[v == 0].any():", "if v[u == 0].any():"),
            ("if not np.minimum(u, v).any():", "if not np.maximum(u, v).any():"),
        ],
    ),
    "wganlab/exact/densities.py": (
        ("divergences",),
        [
            ("np.where(power > 0, 1.0, t**-2)", "np.where(power > 0, 1.0, t**2)"),
            ("if abs(mass - 1) > QUADRATURE_TOLERANCE:", "if abs(mass - 1) > 10:"),
            ("if not uncertainty <= QUADRATURE_TOLERANCE *", "if not uncertainty <= 1e9 *"),
            ("splits += crossings(lambda x: f(x) - g(x), splits)", "splits += ()"),
            (
                "bare = x[(np.exp(f(x)) > 0) & (g(x) == -np.inf)]",
                "bare = x[(np.exp(g(x)) > 0) & (f(x) == -np.inf)]",
            ),
        ],
    ),
    "wganlab/exact/entropic.py": (
        ("entropic",),
        [
            ("cross - (first + second) / 2)", "cross - (first + second))"),
            ("objective = primal + relative * float(", "objective = primal - relative * float("),
            ("value=scale * primal ** (1 / p),", "value=scale * primal,"),
            (
                "for law, other in ((mu, nu), (mu, mu), (nu, nu))",
                "for law, other in ((mu, nu), (mu, mu), (mu, mu))",
            ),
        ],
    ),
    "wganlab/exact/scaling.py": (
        ("entropic",),
        [
            ("stopThr=tolerance / np.sqrt(len(b)),", "stopThr=tolerance * len(b),"),
            ("- a[rows] @ f[rows]) / 2", "- a[rows] @ f[rows])"),
            (
                "np.outer(lack_a, lack_b / missing) if missing > 0 else plan",
                "np.outer(lack_a, lack_b / missing) if missing < 0 else plan",
            ),
            ("if not error <= tolerance:", "if not error <= 1:"),
            ('epsilon * (log["log_v"] - np.log(b))', 'epsilon * log["log_v"]'),
        ],
    ),
    "wganlab/exact/costs.py": (
        ("forbidden", "labels"),
        [
            (
                "matrix = np.full(tuple(costs.shape), np.inf)",
                "matrix = np.zeros(tuple(costs.shape))",
            ),
            ("COST_TOLERANCE = 1e-5", "COST_TOLERANCE = 1e-2"),
        ],
    ),
    "wganlab/exact/labels.py": (
        ("labels",),
        [
            (
                "place = {label: k for k, label in enumerate(dict.fromkeys([*first,",
                "place = {label: k for k, label in enumerate(dict.fromkeys([*second,",
            ),
            (
                "return np.array([place[label] for label in wanted])\n    raise",
                "return None\n    raise",
            ),
        ],
    ),
    "wganlab/exact/forbidden.py": (
        ("forbidden",),
        [
            ("for price in (4.0, 2.0 * steps):", "for price in (4.0,):"),
            ("if stuck <= ROUNDING:", "if stuck <= 1:"),
        ],
    ),
    "wganlab/exact/bottleneck.py": (
        ("bottleneck",),
        [
            ("(matrix() >= value).astype(float)", "(matrix() > value).astype(float)"),
            ("return 4 * (n + m) * float(np.finfo(float).eps)", "return -1.0"),
        ],
    ),
    "wganlab/exact/arrays.py": (
        ("arrays",),
        [
            ("and int(given) != int(kept)", "and int(given) < int(kept) - 9"),
            ("if with_masks and any(", "if not with_masks and any("),
        ],
    ),
    "wganlab/exact/kernels.py": (
        ("ipm",),
        [
            ("return 0.5 * np.square(distance)", "return np.square(distance)"),
            ("np.zeros_like(distance)) / len(widths)", "np.zeros_like(distance))"),
            ("return (x / x.shape[1]) @ y.T", "return x @ y.T"),
            ("np.median(pdist(pooled))", "np.mean(pdist(pooled))"),
            (
                "total += float(mu.weights[rows] @ values @ nu.weights)",
                "total = float(mu.weights[rows] @ values @ nu.weights)",
            ),
        ],
    ),
    "wganlab/exact/ipm.py": (
        ("ipm",),
        [
            ("k.mean(nu, nu) - 2 * k.mean(mu, nu)", "k.mean(nu, nu) - k.mean(mu, nu)"),
            ("k.mean_itself(law)) / (law.n - 1)", "k.mean_itself(law)) / law.n"),
            ("return float(np.sqrt(max(square, 0.0)))", "return float(max(square, 0.0))"),
        ],
    ),
    "wganlab/exact/slicing.py": (
        ("ipm",),
        [
            (
                "directions /= np.linalg.norm(directions, axis=1, keepdims=True)",
                "directions /= 1.0",
            ),
            ("            right.sort(axis=1)\n", ""),
            ("return float(each.mean())", "return float(each.sum())"),
            ("** p).mean()) ** (1 / p)", "** p).mean())"),
            ("rng, projections, p).max())", "rng, projections, p).mean())"),
        ],
    ),
    "wganlab/exact/normals.py": (
        ("normals",),
        [
            ("np.sqrt(law.n - 1)", "np.sqrt(law.n)"),
            ("first - second @ (left @ right)", "first - second"),
            ("np.sqrt(np.maximum(values, 0))", "np.maximum(values, 0)"),
        ],
    ),
    "wganlab/exact/grid.py": (
        ("grid",),
        [
            ("potential = (prices / steepest)", "potential = (-prices / steepest)"),
            ("if abs(value - bound) + lost > GAP_TOLERANCE * value:", "if value < 0:"),
            ("excess[np.abs(excess).argmax()] -= excess.sum()", "excess -= excess.mean()"),
            (
                "down=flow[across:].reshape(height - 1, width),",
                "down=-flow[across:].reshape(height - 1, width),",
            ),
        ],
    ),
    "wganlab/exact/programs.py": (
        ("programs",),
        [
            ('sign = 1 if self.sense == "min" else -1', "sign = 1"),
            (
                "return LinearProgram(u - v, matrix.tocsr(),",
                "return LinearProgram(v - u, matrix.tocsr(),",
            ),
            ("0.0) - u[:, None] - v", "0.0) - u[:, None] + v"),
            (
                "return Solved(sign * float(result.fun), result.x, sign * prices)",
                "return Solved(sign * float(result.fun), result.x, prices)",
            ),
            ("range(min(boxes, rooms[0]), -1, -1)", "range(min(boxes, rooms[0]), 0, -1)"),
        ],
    ),
    "wganlab/exact/measures.py": (
        ("measures", "transport", "divergences"),
        [
            ("slack = max(MASS_TOLERANCE, 8 * resolution)", "slack = 1e-3"),
            ("return array if abs(total - 1) <= LAST_BITS else array / total", "return array"),
            ("LAST_BITS = 16 * EPSILON", "LAST_BITS = 0.0"),
        ],
    ),
    "wganlab/exact/known/line.py": (
        ("known",),
        [
            (
                "1 - self._overlap * min(self._densities)",
                "1 - self._overlap * max(self._densities)",
            ),
            ("exp(-((m / s) ** 2) / 2)\n", "exp(-((m / s) ** 2))\n"),
            ("return _normal_kl(self.fake, self.real)", "return _normal_kl(self.real, self.fake)"),
            ("u >= 1 - self.fake", "u >= self.fake"),
            ("-self.fake * np.log1p(-u)", "-self.fake * np.log1p(-u) + self.real"),
        ],
    ),
    "wganlab/exact/known/radial.py": (
        ("known",),
        [
            (
                "_gaussian_kl(self.real / self.fake, self.dim)",
                "_gaussian_kl(self.fake / self.real, 1)",
            ),
            ("return self.dim / (self.dim + 1)", "return 1.0"),
            ("levels[:, None] ** (1 / self.dim)", "levels[:, None]"),
        ],
    ),
    "wganlab/exact/known/atoms.py": (
        ("known",),
        [
            ("cdist(z, self._atoms).min(axis=1)", "cdist(z, self._atoms).max(axis=1)"),
            ("return self.side * self.tv", "return self.tv"),
            ("2 * sin(pi / (2 * self.vertices))", "2 * sin(pi / self.vertices)"),
        ],
    ),
    "wganlab/exact/known/space.py": (
        ("known",),
        [
            ("return -np.sign(self.theta) * z[:, 0]", "return np.sign(self.theta) * z[:, 0]"),
            ("2 * ndtr(self._mahalanobis / 2) - 1", "2 * ndtr(self._mahalanobis) - 1"),
            ("np.asarray(self.fake) + ndtri(u) @ self._root.T", "np.asarray(self.fake) + ndtri(u)"),
        ],
    ),
    "wganlab/exact/known/funnels.py": (
        ("funnels",),
        [
            ("if self.bottoms is None else self.bottoms", "if True else self.bottoms"),
            ("if self.offsets is None else self.offsets", "if True else self.offsets"),
            ("array = as_array(values, name) + 0.0", "array = as_array(values, name)"),
            ("    array.setflags(write=False)\n", ""),
            ("default if follows is None else follows", "default"),
            ("elif follows is not None and asked != follows:", "elif False:"),
            ('"" if one is None else _hash(bottoms, offsets)', '""'),
            ("_hash(bottoms, offsets))\n", "_hash(bottoms))\n"),
            ("and len(bottoms) != len(offsets):", "and len(bottoms) < len(offsets):"),
            ("0.1 * rng.normal", "0.2 * rng.normal", "toys"),
        ],
    ),
}

LEARNED = {
    "wganlab/learned/acgan.py": (
        ("acgan",),
        [
            ("latent(run, classes))  # (n, ...)", "latent(run, classes.flip(0)))  # (n, ...)"),
            ("noisy(run, fake), classes)", "noisy(run, fake), classes.flip(0))"),
            ("+ run.config.class_weight * mistaken", "- run.config.class_weight * mistaken"),
            ("run.config.generator_class_weight * mistaken", "mistaken"),
            (
                "classes = torch.randint(k, shape,",
                "classes = torch.randint(1, shape,",
            ),
            ("run.config.latent :].argmax(dim=1)", "run.config.latent :].argmin(dim=1)"),
            (
                "        loss = loss + run.constraint.penalty(",
                "        loss = loss - run.constraint.penalty(",
            ),
        ],
    ),
    "wganlab/learned/networks/labelled.py": (
        ("acgan", "residual"),
        [
            ("return normal + shift", "return normal"),
            ("scale, shift = told @ self.scale", "scale, shift = 1 + 0 * told @ self.scale"),
            (
                "return self.value(features), self.classes(features)",
                "return self.classes(features)[:, :1], self.classes(features)",
            ),
            (
                "input[:, : -self.classes], input[:, -self.classes :]",
                "input[:, : -self.classes], input[:, : self.classes]",
            ),
        ],
    ),
    "wganlab/learned/networks/residual.py": (
        ("residual",),
        [
            ("self.repeat - (at == 0), generator)", "self.repeat, generator)"),
            (
                "self._level(widths[-1], self.repeat - 1, generator, classes)",
                "self._level(widths[-1], self.repeat, generator, classes)",
            ),
            ("2 ** min(k, count - 2)", "2 ** min(k, count - 1)"),
            ("self.filters // 2 * 2**k", "self.filters * 2**k"),
            ("halvings = 2 if self.plan", "halvings = 3 if self.plan"),
            ('init = "glorot" if self.plan == "cifar" else "gulrajani"', 'init = "gulrajani"'),
            ("return [Scaled(0.2)]", "return [Scaled(1.0)]"),
        ],
    ),
    "wganlab/learned/networks/residual_blocks.py": (
        ("residual",),
        [
            ('outputs if way == "up" or (cifar and way == "same") else inputs', "inputs"),
            ("generator, bias=cifar)", "generator)"),
            ("mean_first=not cifar)", "mean_first=cifar)"),
            ("self.shortcut(x) + 0.3 * inner", "self.shortcut(x) + inner"),
            ("self.shortcut(x) + self.after(inner)", "self.after(inner)"),
            ("second(self._normed(1, inner, told).relu())", "second(inner.relu())"),
            (
                "convolution(outputs // 2, outputs, 1, generator, bias=False)",
                "convolution(outputs // 2, outputs, 1, generator)",
            ),
            (
                'through = convolution(inputs, outputs, 1, generator, init="glorot")',
                "through = convolution(inputs, outputs, 1, generator)",
            ),
        ],
    ),
    "wganlab/learned/networks/image_sides.py": (
        ("residual", "convnets"),
        [
            ("while found[-1] > LEFT and", "while found[-1] > LEFT + 1 and"),
            ("        if side % 4:", "        if side % 2:"),
            ("if found[-1] < 2 or", "if found[-1] < 1 or"),
            ("(found[-1] + 1) // 2)", "found[-1] // 2)"),
            ("height != width or", ""),
        ],
    ),
    "wganlab/learned/networks/dcgan.py": (
        ("convnets", "residual"),
        [
            ("kernel=left, stride=1, padding=0)", "kernel=4, stride=1, padding=0)"),
            ('options["output_padding"] = large - reached', 'options["output_padding"] = 0'),
            ("channels = takes(self.activation, channels)", "channels = channels + 0"),
            ("width = takes(self.activation, width)", "width = width + 0"),
            ('"gulrajani": 4 / (fan_in + fan_out)', '"gulrajani": 2 / (fan_in + fan_out)'),
            ("odd=bool(self.kernel % 2))", "odd=True)"),
        ],
    ),
    "wganlab/learned/algorithm1.py": (
        ("algorithm1", "train"),
        [
            ("schedule.step()", "pass"),
            ("loss = -run.maximized(batch)", "loss = run.maximized(batch)"),
            ("loss = loss + run.constraint.penalty(", "loss = loss - run.constraint.penalty("),
            ("noisy(run, real), noisy(run, fake))", "noisy(run, real), fake)"),
            (
                "        run.constraint.after_step(run.critic)  # as clipping\n",
                "        pass\n",
            ),
            (
                "        run.constraint.before_gradients(run.critic)\n",
                "        pass\n",
                "lipschitz",
            ),
            ("        run.follow()\n", "        pass\n"),
            ("latent(run, run.generator_share)", "latent(run)", "script_options"),
            ("if not run.config.noise:", "if run.config.noise:"),
            ("return points + run.deviation * noise", "return points + run.config.noise * noise"),
            ("run.iteration += 1", "run.iteration += 2"),
            ("fake = noisy(run, generated(run, z))", "fake = generated(run, z)"),
            ("    run.critic_optimizer.zero_grad()\n", ""),
            ("run.config.critic_steps(run.iteration)", "run.config.n_critic"),
            ("    run.generator_optimizer.step()\n", ""),
        ],
    ),
    "wganlab/learned/batch.py": (
        ("critic", "lipschitz"),
        [
            ("self.f_real.mean() - self.f_fake.mean()", "self.f_fake.mean() - self.f_real.mean()"),
            ("if output.numel() != len(points):", "if output.numel() < 0:"),
        ],
    ),
    "wganlab/learned/constraints/bounds.py": (
        ("networks", "convnets", "certified"),
        [
            ("2 * layer_norm(layer.planes) ** 2 - 1)", "layer_norm(layer.planes))"),
            ("float(singular_values(layer)[0])", "float(singular_values(layer)[-1])"),
            ("found = _product(norms)", "return sum(norms)"),
            ("return math.inf if shape is None", "return 1.0 if shape is None"),
        ],
    ),
    "wganlab/learned/lipschitz/convolutions.py": (
        ("convnets", "follow"),
        [
            ("* math.sqrt(patches)", "* patches**0"),
            ("size = 2.0 ** math.frexp(size)[1]", "size = 1.0", "hostile_networks"),
            ("-(-k * math.gcd(s, d) // s)", "k * math.gcd(s, d) // s"),
            ("c if torus else c + t - 1", "c"),
            ("/ math.sqrt(loss))", "/ 1.2)"),
            ("range(grids[0] // 2 + 1)", "range(grids[0] // 2)"),
            ("slice(0, r, d)", "slice(0, (r + d - 1) // d, 1)"),
        ],
    ),
    "wganlab/learned/lipschitz/values.py": (
        ("follow",),
        [
            (
                "run.fail(str(error))\n            raise\n\n    @classmethod",
                "raise\n\n    @classmethod",
            ),
            ("v.slope.flatten() ** 2, minlength", "v.slope.flatten(), minlength"),
            ("factor**2 * largest * w", "factor**2 * w"),
            ("return v.base.total * float(squares(v).max().sqrt())", "return v.base.total"),
            ("added[: len(weights[base])] += weights", "added[: len(weights[base])] = weights"),
            ("made.label = object()", "made.label = 0"),
            ("torch.where(places == 0, 0.0,", "torch.where(places < 0, 0.0,"),
        ],
    ),
    "wganlab/learned/lipschitz/pointwise.py": (
        ("follow",),
        [
            (
                "return _sum(a, b, 1.0, alpha)\n\n\ndef reversed",
                "return _sum(a, b, 1.0, 0)\n\n\ndef reversed",
            ),
            ("a.slope + b.slope", "torch.maximum(a.slope, b.slope)"),
            ("total(a) + total(b), each(a) + each(b)", "max(total(a), total(b)), 9.0"),
            ("max(1.0, abs(negative_slope))", "1.0"),
            ("rescaled(v, 1 / _constant(by).double())", "rescaled(v, _constant(by).double())"),
        ],
    ),
    "wganlab/learned/lipschitz/mixing.py": (
        ("follow",),
        [
            ("    if not in_order and k > 1:", "    if False:", "hostile_networks"),
            ("    if value != 0:", "    if False:", "hostile_networks"),
            ("math.sqrt(k) * total(v), k * each(v)", "total(v), each(v)"),
            ('("mean", v.label)', '("mean", 0)'),
            ('"min" if mark[0] == "max" else "max"', "mark[0]"),
            ("math.sqrt(len(other)) * total(v), total(v)", "total(v), 0.5 * total(v)"),
            ("dtype not in (None, torch.float32, torch.float64)", "dtype is torch.int64"),
            ("if ord != 2:", "if ord > 9:"),
        ],
    ),
    "wganlab/learned/lipschitz/linear_maps.py": (
        ("follow",),
        [
            ("n + p % s for", "n for", "hostile_networks"),
            (
                "norm *= math.sqrt(stacks.numel() / max(v.shape[:-2].numel(), 1))",
                "pass",
                "hostile_networks",
            ),
            ("n % s == 0 and m <= n // s", "n % s == 0"),
            ("factor * weight.detach()", "factor * weight.detach().sign()"),
            ("math.sqrt(overlap(k, s, d)) * total(v)", "total(v)"),
            ("if training or var is None", "if var is None"),
            ("norm *= spectral(matrix)", "norm = spectral(matrix)"),
        ],
    ),
    "wganlab/learned/lipschitz/follow.py": (
        ("follow",),
        [
            ("if run.failed or _generators() != drawn:", "if run.failed:", "hostile_networks"),
            ("in HIDDEN or func == put", "in HIDDEN", "hostile_networks"),
            ("if run.failed or _generators() != drawn:", "if _generators() != drawn:"),
            ("v.family[0] > 1 or", "False or"),
            ("most - least <= AGREE * most", "True"),
            ("v.label, v.mark = made.label, made.mark", "v.mark = made.mark"),
        ],
    ),
    "wganlab/learned/lipschitz/blocks.py": (
        ("follow", "foreign_layers"),
        [
            ("max(1.0, 2 * norm**2 - 1)", "1.0"),
            ('if "forward" in vars(module):', "if False:"),
            ("theta.numel() * 2 == x.shape[1]", "True"),
            ("return _householder(module, x) / math.sqrt(2)", "return _householder(module, x)"),
        ],
    ),
    "wganlab/learned/lipschitz/sdp.py": (
        ("sdp",),
        [
            ("low * high * weight.mT @ scaled", "0 * weight.mT @ scaled"),
            (
                "((low + high) / 2) ** 2 * half.mT @ half",
                "((low + high) / 4) ** 2 * half.mT @ half",
            ),
            ("nn.SiLU: (1 - SILU, SILU)", "nn.SiLU: (0.0, SILU)"),
            ("min(1.0, module.negative_slope)", "0.0"),
            ("weight @ found[-1].weights[-1]", "weight"),
        ],
    ),
    "wganlab/compare/steepest.py": (
        ("declared",),
        [
            ("found > slopes", "found < slopes"),
            ("rises[apart] / far[apart]", "rises[apart] * far[apart]"),
        ],
    ),
    "wganlab/learned/critics/declared.py": (
        ("declared",),
        [
            ("inner * float(critic.gain / critic.scale)", "inner"),
            ("not 0 < constant < math.inf", "not constant"),
        ],
    ),
    "wganlab/learned/constraints/clipping.py": (
        ("lipschitz",),
        [
            (
                "_foreach_clamp_max_(parameters, upper)",
                "_foreach_clamp_max_(parameters, 2 * upper)",
            ),
            ("torch._foreach_clamp_min_(parameters, lower)\n", "pass\n"),
            ("-self.c if self.lower is None", "0.0 if self.lower is None"),
            ("else self.lower, self.c", "else -self.c, self.c"),
            ("if lower >= upper:", "if lower > upper:"),
            ('"""Into the box."""\n        self._clip(critic)', '"""Into the box."""'),
            ('if self.when == "before":', 'if self.when == "after":'),
        ],
    ),
    "wganlab/learned/constraints/ctransform.py": (
        ("lipschitz",),
        [
            ("f_real[:, None]).min(dim=0)", "f_real[:, None]).min(dim=1)"),
            ("f_real[:, None]).min(dim=0)", "f_real[:, None]).max(dim=0)"),
            ("return f_real.mean() + (", "return -f_real.mean() + ("),
        ],
    ),
    "wganlab/learned/constraints/cowgan.py": (
        ("dual_solvers",),
        [
            ("f_real[:, None]).min(dim=0)", "f_real[:, None]).min(dim=1)"),
            ("(between + batch.f_fake).min(", "(between - batch.f_fake).min("),
            ("torch.where(first < batch.gap, first, held)", "torch.minimum(first, held)"),
            ("torch.where(second < batch.gap, second, batch.gap)", "batch.gap"),
        ],
    ),
    "wganlab/learned/constraints/minimax_dual.py": (
        ("dual_solvers",),
        [
            ('self.sign = 1.0 if told.moved == "real" else -1.0', "self.sign = -1.0"),
            ("for _ in range(self.told.inner):", "for _ in range(1):"),
            ("            self.descent.zero_grad()\n", ""),
            ("        self.schedule.step()\n", ""),
            ("backward(inputs=self.weights)", "backward()"),
            ("        with torch.no_grad():\n            end", "        if True:\n            end"),
            ("return (end, fake) if", "return (end, end) if"),
            (".flatten(1).norm(dim=1) + self.sign", ".flatten(1).norm(dim=1) ** 2 + self.sign"),
            ("points + self.network(points)", "self.network(points)"),
            ("start = real if self.told.moved == ", "start = fake if self.told.moved == "),
        ],
    ),
    "wganlab/learned/constraints/regularized_dual.py": (
        ("dual_solvers",),
        [
            ("/ (4 * self.epsilon)", "/ (2 * self.epsilon)"),
            ("(excess / self.epsilon).expm1()", "(excess / self.epsilon).exp()"),
            ("g - distances(batch.real", "g + distances(batch.real"),
            ("+ g.mean() - self.told", "- g.mean() - self.told"),
            ("        self.ascent.step()\n", ""),
            ("        self.ascent.zero_grad()\n", ""),
            ("        self.schedule.step()\n", ""),
        ],
    ),
    "wganlab/learned/constraints/norms.py": (
        ("lipschitz", "certified"),
        [
            ("(product + product.mT) / 2", "(product + product.mT)"),
            ("torch.where(negative[:, None], -q, q)", "q"),
            ("return (u @ v).reshape", "return (u @ v * 1.01).reshape"),
            ("raw / torch.linalg.matrix_norm(raw.flatten(1), 2)", "raw / raw.norm()"),
            ("layer.kernel_size == layer.stride\n", "True\n"),
            ('"""To the nearest orthonormal weights."""\n        self.finish(critic)', '"""To."""'),
        ],
    ),
    "wganlab/learned/constraints/penalties.py": (
        ("lipschitz",),
        [
            ("excess.clamp_min(0.0) if", "excess.abs() if"),
            ("gradients.flatten(1).norm(dim=1) - self.center", "gradients.norm() - self.center"),
            ("excess.pow(self.power).mean()", "excess.pow(self.power).sum()"),
            ("shape = (len(real),) + (1,) * (real.dim() - 1)", "shape = real.shape"),
            ("torch.lerp(fake, real, epsilon)", "torch.lerp(fake, real, epsilon.square())"),
            ("return parts[0][order], parts[1]", "return parts[0], parts[1]"),
            ("self.radius * deviation(real) * noise", "self.radius * noise"),
            ("distance + 0.1 * (hidden", "distance + (hidden"),
            ("(distance - self.margin).clamp_min(0.0)", "(distance - self.margin)"),
            ("points, create_graph=create_graph)[0]", "points, retain_graph=True)[0]"),
            (
                "return consistency + self.gradient.penalty(",
                "return consistency + 0 * self.gradient.penalty(",
            ),
            (
                "excess = gradients.flatten(1).norm(dim=1) - self.center",
                "excess = gradients.flatten(1).norm(dim=1) - 1.0",
            ),
        ],
    ),
    "wganlab/learned/critics/fit.py": (
        ("critic", "tournament", "cones"),
        [
            ("chosen = methods.default(constraint, critic)", "chosen = methods.METHODS['gp']"),
            ("if it is not None})", "if it})"),
            ("constraint = methods.METHODS[constraint].constraint", "pass"),
        ],
    ),
    "wganlab/learned/critics/ascent.py": (
        ("critic",),
        [
            ("self.waited >= self.patience", "self.waited > self.patience"),
            ("record.objective >= max(", "record.objective <= max("),
            (
                "self.watch, self.patience = setting.watch,",
                "self.watch, self.patience = self.generator,",
            ),
            ("        self.network.train()\n", ""),
            ("network.load_state_dict(good)", "pass"),
            ("manual_seed(self.beside)", "manual_seed(0)", "dual_solvers"),
            ("else [self.network, beside]", "else [self.network]", "dual_solvers"),
            (
                "            real, fake = self.constraint.before_update(self.asked, real, fake)\n",
                "",
                "dual_solvers",
            ),
            ("beside.eval().zero_grad", "beside.zero_grad", "dual_solvers"),
            ("            schedule.step()\n", ""),
            ("if not all(finite):", "if not any(finite or [True]):"),
            ("critic.start(network, *clouds,", "critic.start(network, *clouds[::-1],", "cones"),
            ("critic = critic.at(clouds[0].shape[1:])", "pass", "tournament"),
        ],
    ),
    "wganlab/learned/critics/tournament.py": (
        ("tournament",),
        [
            ("key=lambda name: scores[name]", "key=lambda name: -scores[name]"),
            ("return gap / bound if", "return gap * bound if"),
            ("if bound == 0:", "if bound < 0:", "tournament_doors"),
            (
                "if bound < math.inf else -math.inf",
                "if bound < math.inf else 0.0",
                "tournament_doors",
            ),
            ("setting.laws.draw(JUDGED", "setting.laws.draw(1000"),
            ("            best = final\n", "            pass\n"),
            ("r.seconds + earlier", "r.seconds"),
            ("scale * value for", "value for"),
            ("round(tournament.heat * method.steps)", "method.steps"),
            ('if heats[name].stopped == "callback":', "if False:"),
        ],
    ),
    "wganlab/learned/critics/methods.py": (
        ("tournament", "cones"),
        [
            ("math.prod(shape) < PIXELS", "math.prod(shape) <= PIXELS + 300"),
            ("not method.constraint.in_weights or", "False or"),
            ("return (same or likely or", "return (likely or"),
            ("critic.trunk is None:", "True:"),
        ],
    ),
    "wganlab/learned/networks/cones.py": (
        ("cones",),
        [
            ("(sign * self.heights - self._distances(x))", "(self.heights - self._distances(x))"),
            ("self.heights[highest] - sign * distances", "self.heights[highest] - distances"),
            ("if not self.training:", "if self.training:"),
            ("SLOPES[Cones] = 1.0", "SLOPES[Cones] = 0.5"),
            ('found = real if self.side == "real" else fake', "found = real"),
            ("if many == 1:", "if False:"),
            ("2 * k / max(self.cones - 1, 1) - 1", "2 * k / max(self.cones - 1, 1)"),
            ("            found = layer(found)\n", "            pass\n"),
        ],
    ),
    "wganlab/learned/networks/by_dimension.py": (
        ("tournament",),
        [("math.prod(shape) < self.many_from", "math.prod(shape) <= self.many_from")],
    ),
    "wganlab/learned/critics/fitted.py": (
        ("critic",),
        [
            ("(batch.real, batch.fake, between)]", "(batch.real, batch.fake)]"),
            ("(batch.real, batch.fake, between)]", "(batch.real, between)]"),
            (
                "maximized = maximized - constraint.penalty(",
                "maximized = maximized + constraint.penalty(",
            ),
            ("else judged.gap.item(),", "else batch.gap.item(),"),
            (
                "certificate=batch_certificate(batch.f_real,",
                "certificate=batch_certificate(-batch.f_real,",
            ),
            ("torch.autograd.grad(batch.gap,", "torch.autograd.grad(-2 * batch.gap,"),
            ("return gain * self.work.measured(", "return self.work.measured(", "dual_solvers"),
            ("(network.shift + network.scale * moved)", "moved", "dual_solvers"),
            ("constraint.measured(critic, judged)", "constraint.objective(judged)", "dual_solvers"),
        ],
    ),
    "wganlab/learned/critics/laws.py": (
        ("sources",),
        [
            (
                "self.fake[other[n:]], self.paired)\n",
                "self.fake[other[: len(other) - n]], self.paired)\n",
            ),
            ("others = rows if self.paired else", "others = rows if not self.paired else"),
            (
                "        if not self.paired:\n            other",
                "        if self.paired:\n            other",
            ),
            ("dtype=torch.float32, copy=True)", "dtype=torch.float32)"),
        ],
    ),
    "wganlab/learned/critics/foreign.py": (
        ("foreign",),
        [
            ("copy=True)", "copy=False)"),
        ],
    ),
    "wganlab/learned/critics/lending.py": (
        ("foreign",),
        [
            ("tensor.copy_(value)", "pass"),
            ("memo[id(value)] = value.detach().clone()", "pass"),
        ],
    ),
    "wganlab/learned/critics/samplers.py": (
        ("sources",),
        [
            ("np.random.default_rng(generator.initial_seed())", "np.random.default_rng(0)"),
            ("max(n, 2)", "n"),
            ("len(weights), n, p=weights)", "len(weights), n)"),
        ],
    ),
    "wganlab/data/units.py": (
        ("units",),
        [
            ("ORDINARY[0] <= spread <= ORDINARY[1]", "ORDINARY[0] <= spread"),
            ("near and (", "("),
            ("if left < (1 - LOST) * had:", "if left == 0:"),
        ],
    ),
    "wganlab/learned/networks/activations.py": (
        ("networks",),
        [
            (
                "torch.cat([torch.lerp(v, u, u_is_larger), torch.lerp(u, v, u_is_larger)], dim=1)",
                "torch.cat([torch.lerp(v, u, u_is_larger), torch.lerp(v, u, u_is_larger)], dim=1)",
            ),
            ("groups.sort(dim=2)", "groups.sort(dim=1)"),
            ("return max(1.0, abs(module.negative_slope))", "return 1.0"),
            ("nn.Sigmoid: 0.25,", "nn.Sigmoid: 0.2,"),
            (
                '"leaky_relu": lambda: nn.LeakyReLU(0.2),',
                '"leaky_relu": lambda: nn.LeakyReLU(0.02),',
            ),
        ],
    ),
    "wganlab/learned/networks/network.py": (
        ("networks",),
        [
            (".get(init, 6) / fan)", ".get(init, 3) / fan)"),
            ("(fan_in + layer.out_features) / 2}", "(fan_in + layer.out_features)}"),
            ("bound = 1 / math.sqrt(fan_in)", "bound = 1 / fan_in"),
            ("weight.normal_(0.0, 0.02, generator=generator)", "weight.normal_(0.0, 0.02)"),
        ],
    ),
    "wganlab/learned/networks/mlp.py": (
        ("networks", "residual"),
        [
            ("*([Signed()] if len(shape) == 3 else [])", "Signed()"),
            ("return 2 * x - 1", "return x"),
            ("units = takes(config.activation, config.width)", "units = config.width"),
            (
                'return "glorot" if self.init == "gulrajani"',
                'return "he" if self.init == "gulrajani"',
            ),
            ("            size = config.width\n", ""),
            ("range(config.depth)", "range(config.depth + 1)"),
            (
                "-(x.flatten(1) - self.mlp(x)).norm(dim=1)",
                "-(x.flatten(1) - self.mlp(x)).square().sum(dim=1)",
                "train",
            ),
        ],
    ),
    "wganlab/learned/networks/folds.py": (
        ("certified",),
        [
            ("return x - 2 * self.planes(x).relu()", "return x - self.planes(x).relu()"),
            ("return x - 2 * self.planes(x).relu()", "return x - 2 * self.planes(x)"),
        ],
    ),
    "wganlab/learned/objectives/games.py": (
        ("objectives",),
        [
            (
                "return self.critic(batch) / 2 + math.log(2)",
                "return self.critic(batch) + math.log(2)",
            ),
            ("(batch.f_real - 1).clamp_max(0).mean()", "(batch.f_real - 1).mean()"),
            (
                "return (batch.f_fake - 1).square().mean() / 2",
                "return (batch.f_fake + 1).square().mean() / 2",
            ),
            ("torch.minimum(margins,", "torch.maximum(margins,"),
            (
                "(self.margin + batch.f_fake).clamp_min(0)",
                "(self.margin - batch.f_fake).clamp_min(0)",
            ),
            ("return self.critic(batch) / self.margin + 1", "return self.critic(batch) + 1"),
            ("return -logsigmoid(batch.f_fake).mean()", "return logsigmoid(-batch.f_fake).mean()"),
            (
                "        return logsigmoid(-batch.f_fake).mean()\n",
                "        return -logsigmoid(-batch.f_fake).mean()\n",
            ),
        ],
    ),
    "wganlab/learned/objectives/fgan.py": (
        ("objectives",),
        [
            ("return torch.exp(v - 1)", "return torch.exp(v)"),
            ("return self.critic(batch) / 2", "return self.critic(batch)"),
            ("return torch.tanh(v) / 2", "return torch.tanh(v)"),
            ("return v * v / 4 + v", "return v * v / 2 + v"),
            (
                "return -self.activation(batch.f_fake).mean()",
                "return self.activation(batch.f_fake).mean()",
            ),
        ],
    ),
    "wganlab/learned/objectives/minibatch.py": (
        ("objectives",),
        [
            ("torch.exp(-squares / (2 * h * h))", "torch.exp(-squares / (h * h))"),
            ("return cross - itself / 2", "return cross - itself"),
            ("square = within - 2 * self._mean(", "square = within - self._mean("),
            ("square.clamp_min(1e-12).sqrt()", "square.clamp_min(0).sqrt()"),
        ],
    ),
    "wganlab/learned/optimizers.py": (
        ("critic",),
        [
            (
                "LinearLR(optimizer, 1.0, 0.0, max(steps, 1))",
                "LinearLR(optimizer, 1.0, 0.1, max(steps, 1))",
            ),
            (
                "float(self.betas[0]), float(self.betas[1])",
                "float(self.betas[1]), float(self.betas[0])",
            ),
            (
                "CosineAnnealingLR(optimizer, max(steps, 1))",
                "CosineAnnealingLR(optimizer, 2 * max(steps, 1))",
            ),
            (
                "optimizer = torch.optim.SGD(listed, lr=self.lr, momentum=self.momentum, **kernel)",
                "optimizer = torch.optim.SGD(listed, lr=self.lr, **kernel)",
            ),
        ],
    ),
    "wganlab/learned/runs/config.py": (
        ("config", "presets"),
        [
            ("(iteration < 25 or", "(iteration <= 25 or"),
            ("self.noise * (1 - iteration / self.iterations)", "self.noise"),
            (
                '"energy-based": EnergyBased(self.margin),',
                '"energy-based": EnergyBased(),',
                "train",
                "presets",
            ),
            ("weight: float = 10.0", "weight: float = 1.0"),
            ("config.clip, config.clip_when,", 'config.clip, "after",', "script_options"),
            ("not in (0, self.batch):", "is None:", "script_options"),
        ],
    ),
    "wganlab/learned/runs/tracing.py": (
        ("train",),
        [
            ("cosine_similarity(moved, -uphill, dim=0)", "cosine_similarity(moved, uphill, dim=0)"),
        ],
    ),
    "wganlab/learned/runs/laws.py": (
        ("text_training", "images"),
        [
            ("_when(str(path_of(source)))", "(0, 0)", "text_training"),
        ],
    ),
    "wganlab/learned/runs/presets.py": (
        ("presets",),
        [
            (
                "_GAN = Optimizer(lr=1e-3, betas=(0.5, 0.999),",
                "_GAN = Optimizer(lr=1e-2, betas=(0.9, 0.999),",
            ),
            (
                '"wgan-gp": replace(_LAPTOP, weight=1.0),',
                '"wgan-gp": replace(_LAPTOP, weight=100.0),',
            ),
            (
                'critic_optimizer=Optimizer("rmsprop", 5e-5),',
                'critic_optimizer=Optimizer("rmsprop", 5e-4),',
            ),
        ],
    ),
    "wganlab/learned/runs/image_presets.py": (
        ("presets",),
        [
            ("latent=128,", "latent=100,"),
            ("    n_critic=5,\n    iterations=600,", "    n_critic=1,\n    iterations=600,"),
        ],
    ),
    "wganlab/learned/runs/observing.py": (
        ("train", "image_training"),
        [
            (
                "real, held_out = (state.law.sample(n, watch) for _ in range(2))",
                "real = held_out = state.law.sample(n, watch)",
            ),
            ("real = real if state.points is None else state.points", "real = real"),
            ("        network.eval()\n", "        pass\n"),
        ],
    ),
    "wganlab/learned/runs/state.py": (
        ("train", "image_training"),
        [
            ("1 - self.config.average)", "self.config.average)"),
            ("self.draws.set_state(draws)", "pass"),
            (
                'self.iteration, self.steps = state["iteration"], state["steps"]',
                'self.iteration, self.steps = state["iteration"], 0',
            ),
            ('("optimizer", "schedule")', '("optimizer",)'),
            ("finite = finite and all(", "finite = finite or all("),
            ("if begins and critic is not None:", "if critic is not None:", "script_options"),
            ("            if begins:\n", "            if False:\n", "script_options"),
            ('"generator_batch")\n', '"batch")\n', "script_options"),
        ],
    ),
    "wganlab/learned/runs/going.py": (
        ("train",),
        [
            ("if done % config.every and done < config.iterations:", "if done % config.every:"),
            ("or done >= config.iterations or interrupted", "or done >= config.iterations"),
            ("self.folder.append_losses(self.training.seen)", "pass", "script_options"),
            ("every=config.keep_checkpoints", "every=True", "script_options"),
            (
                "self.look()\n        if self.training.world.first:\n    ",
                "if self.training.world.first:\n    ",
            ),
        ],
    ),
    "wganlab/learned/runs/losses.py": (
        ("script_options",),
        [
            ("range(last, first, -1)", "range(last, first + 1, -1)"),
            ("config.critic_steps(iteration - 1)", "config.critic_steps(iteration)"),
            ("end -= steps + 1", "end -= steps"),
            ("found[end - min(steps, 1) - 1 : end]", "found[end - 2 : end]"),
            ("{x:.9g}", "{x:.7g}"),
            ("os.truncate(path, size)", "pass"),
            ("if int(cells[0]) <= iteration:", "if int(cells[0]) < iteration:"),
        ],
    ),
    "wganlab/learned/runs/checkpoint.py": (
        ("script_options", "run_folders"),
        [
            ("shutil.copyfile(file, other)", "pass"),
            ("if not every:", "if every:"),
            ("if at in there:", "if False:"),
            ('last["iteration"] == at:', 'last["iteration"] >= at:'),
        ],
    ),
    "wganlab/learned/runs/starts.py": (
        ("script_options",),
        [
            ('networks[player == "critic"]', 'networks[player != "critic"]'),
            ('FREE = ("init", "dropout")', 'FREE = ("init",)'),
            ("if its != shape:", "if False:"),
            ("if type(network) is not type(here):", "if False:"),
            ('"record" in state or theirs.critic_free', '"record" in state'),
            ("and encodes[0] != encodes[1]:", "and False:"),
            ("    if given:\n", "    if False:\n"),
        ],
    ),
    "wganlab/learned/runs/epochs.py": (
        ("script_options",),
        [
            ("math.ceil(Fraction(epochs) * n / config.batch)", "math.ceil(n / config.batch)"),
            ("math.ceil(Fraction(", "int(Fraction("),
            ("(iteration - 1) // 500", "iteration // 500"),
            ("config.warm_up + config.n_critic * iteration", "config.n_critic * iteration"),
            ("max(1, bisect", "max(0, bisect"),
            ("return len(rows)", "return len(law.whole)"),
        ],
    ),
    "wganlab/learned/runs/loop.py": (
        ("train",),
        [
            ("run.steps < run.config.warm_up:", "run.steps < 2 * run.config.warm_up:"),
        ],
    ),
    "wganlab/learned/runs/again.py": (
        ("train", "run_folders"),
        [
            ("kept.keep_rows(training.iteration if begun else -1)", "kept.rows()"),
        ],
    ),
    "wganlab/learned/runs/record.py": (
        ("records",),
        [
            ('shown = "average" if config.average else "generator"', 'shown = "generator"'),
            ("tensor.is_floating_point() and tensor.dim() > 1", "tensor.is_floating_point()"),
            ("reached < config.iterations:", "False:"),
            ("{min(1, len(there) - 1)}", "set()"),
            ("k * (len(there) - 1) / (moments - 1)", "k * (len(there) - 1) / moments"),
            ("bool(tensor.isfinite().all()) for", "True for"),
            ("if place.is_symlink() or place.exists():", "if False:"),
        ],
    ),
    "wganlab/learned/runs/replay.py": (
        ("records",),
        [
            ("        warm_up(training)\n", "        pass\n"),
            ("    if nudge:\n", "    if not nudge:\n"),
            (
                "shown = training.generator if training.average is None else training.average",
                "shown = training.generator",
            ),
        ],
    ),
    "wganlab/learned/runs/opened.py": (
        ("records", "run_folders"),
        [('if "record" in state:', "if False:")],
    ),
    "figures/verify.py": (
        ("long_runs",),
        [
            ("EXACT = 1e-6", "EXACT = 1e-3"),
            ("TIMES * np.maximum.accumulate(drift)", "TIMES * drift.max()"),
            ("np.where(np.isnan(apart), np.inf, apart)", "np.where(np.isnan(apart), 0.0, apart)"),
            ("clear = allowed <= BLIND", "clear = allowed <= np.inf"),
            ("ROUNDED = 0.25", "ROUNDED = 250.0"),
            ("return 1 if bad else 0", "return 0"),
            ("apart.append(off(kept, moment.samples[: len(kept)]))", "apart.append(0.0)"),
        ],
    ),
    "figures/long_runs.py": (
        ("long_runs",),
        [
            ("if total > LIMIT:", "if False:"),
            ("if all(one.fine for one in found):", "if True:"),
            ('"record" not in there.environment():', "False:"),
            ("        if name in found:\n", "        if False:\n"),
        ],
    ),
    "figures/image_runs.py": (
        ("long_runs",),
        [
            ('if name != "checkpoint"]', "]"),
            ('if environment["notes"].get("look", plain(look)) != plain(look):', "if False:"),
            ('"digest", "") != origin.digest(config.law()):', '"digest", "") == "":'),
            ('f"{name}-seed{config.seed}" if config.seed else name', "name"),
        ],
    ),
    "wganlab/learned/runs/points.py": (
        ("train", "image_training", "image_laws"),
        [
            ("torch.randint(len(self.points), (n,)", "torch.randint(len(self.points) // 2, (n,)"),
            ("(noise - 0.5)", "noise", "script_options"),
            ("* LEVEL", "* 2 * LEVEL", "script_options"),
        ],
    ),
    "wganlab/learned/fast/by_hand.py": (
        ("by_hand", "algorithm1"),
        [
            (
                "passed.inner[layer], self.leaks[layer - 1])\n        return weights",
                "passed.inner[layer], 1.0)\n        return weights",
            ),
            (
                "df = torch.cat([f.new_full((n,), -1 / n), f.new_full((m,), 1 / m)])",
                "df = torch.cat([f.new_full((n,), -1 / m), f.new_full((m,), 1 / n)])",
            ),
            (
                "return [*weights, h.sum(0, keepdim=True)]",
                "return [*weights, h.mean(0, keepdim=True)]",
            ),
            ("loss = loss + cost", "loss = loss"),
            ("g if dfake is None else g + dfake", "g"),
        ],
    ),
    "wganlab/learned/fast/seam.py": (
        ("by_hand", "algorithm1", "critic"),
        [
            ("loss = loss + run.constraint.penalty(", "loss = loss - run.constraint.penalty("),
            ("f[: len(real)], f[len(real) :])", "f[len(real) :], f[: len(real)])"),
            (
                "torch.cat([real, fake]) if run.constraint.at_fake else real",
                "torch.cat([real, fake])",
            ),
        ],
    ),
}

COMPARE = {
    "wganlab/compare/slopes.py": (
        ("compare",),
        [
            ("[real, fake, t * real[:k] + (1 - t) * fake[:k]]", "[real, fake]"),
            (
                "[real, fake, t * real[:k] + (1 - t) * fake[:k]]",
                "[t * real[:k] + (1 - t) * fake[:k]]",
            ),
            ("bound if made(network) is not None or bound <= 1 + STEEP else math.inf", "bound"),
        ],
    ),
    "wganlab/compare/penalty_bias.py": (
        ("compare",),
        [
            ("math.sqrt(1 + 2 * gap / weight)", "math.sqrt(1 + gap / weight)"),
            ("or gap < 0:\n", "or gap < -math.inf:\n"),
            (
                "if isinstance(clouds.pair, exact.known.ParallelLines):",
                "if clouds.pair is not None:",
            ),
            ("(constraint.center, constraint.power) != (1.0, 2.0)", "constraint.power != 2.0"),
        ],
    ),
    "wganlab/compare/comparison.py": (
        ("compare",),
        [
            ("(x - y) / lengths[:, None]", "(y - x) / lengths[:, None]"),
            ("exact.certificate(f_real,", "exact.certificate(-f_real,"),
            (
                "gap = float(f_real.mean() - f_fake.mean())",
                "gap = float(f_fake.mean() - f_real.mean())",
            ),
            ("return self.critic_gap / self.slope if", "return self.critic_gap * self.slope if"),
            ("population=clouds.population,", "population=clouds.transport.value,"),
            (
                "self.certificate if self.method == CTransform.__name__ else self.critic_gap",
                "self.critic_gap",
            ),
            ("return self.estimate < 0", "return self.estimate <= 0"),
            ("y + t * (x - y),", "y,"),
            ("clouds.pair.sample(POINTS, rng, paired=True)", "clouds.pair.sample(POINTS, rng)"),
        ],
    ),
    "wganlab/compare/clouds.py": (
        ("compare",),
        [
            ("if not np.array_equal(law.points, given.points):", "if len(law.points) == 0:"),
            ("if shape != other:", "if len(shape) != len(other):"),
            (
                "if not np.allclose(law.weights, given.weights, rtol=TOLERANCE, atol=0):",
                "if len(law.weights) == 0:",
            ),
            (
                "if not math.isclose(cost, transport.value, rel_tol=TOLERANCE, abs_tol=0):",
                "if cost < 0:",
            ),
            ('(1, "euclidean"):', '(transport.p, "euclidean"):'),
        ],
    ),
    "wganlab/compare/probe.py": (
        ("compare",),
        [
            (
                "gradient[(slice(None), *index)] = rise / (2 * step)",
                "gradient[(slice(None), *index)] = rise / step",
            ),
            ("shift[index] = step", "shift[...] = step"),
            ("copies[0].eval(), copies[1].eval().double()", "copies[0], copies[1].double()"),
            ("copies[1].eval().double()", "copies[1].eval().float()"),
            ("rows = z[start : start + step].copy()", "rows = z[start : start + step]"),
            ("parts.append(output.reshape(len(rows)).copy())", "parts.append(output.reshape(-1))"),
            ("if not np.isfinite(result).all():", "if not np.isfinite(result).any():"),
        ],
    ),
    "wganlab/compare/brackets/radii.py": (
        ("bracket",),
        [
            ("numbers.var(ddof=1)", "numbers.var()"),
            ("/ m.freedom for m", "for m"),
            ("stats.t.isf(level, self.freedom)", "stats.norm.isf(level)"),
            ("log = math.log(2 / level)", "log = math.log(1 / level)"),
            ("7 * reach * log", "reach * log"),
            ("(1 + coupled) * math.log", "math.log"),
            ("math.log(1 / level) / (points * replicates)", "math.log(1 / level) / points"),
        ],
    ),
    "wganlab/compare/brackets/sources.py": (
        ("bracket",),
        [
            ("start, self.used[part] = self.used[part],", "start, self.used[part] = 0,"),
            (
                "order = np.random.default_rng(seed).permutation(len(points))",
                "order = np.arange(len(points))",
            ),
            ("zip(PARTS, seeds, strict=True)", "zip(PARTS, seeds[:1] * 4, strict=True)"),
            ("map(np.random.default_rng, seeds)", "[np.random.default_rng(0)] * 4"),
            ("special.ndtri(latent)", "latent"),
            ("if head in self.heads:", "if False:", "bracket_doors"),
            ("else torch.float64", "else torch.float32", "bracket_doors"),
            (
                "super().__init__(array_of(unseen, law.name), seed, UNSEEN)",
                "super().__init__(array_of(unseen, law.name), seed)",
                "cli_bracket",
            ),
            ('return math.inf if part == "training" else', "return", "cli_bracket"),
        ],
    ),
    "wganlab/compare/brackets/two_laws.py": (
        ("bracket",),
        [
            ('elif self.shared and part == "upper":', "elif self.shared:"),
            ("if shapes[0] != shapes[1]:", "if False:"),
            ("return self.fake is None or self.shared", "return False"),
            ("return Rows(array_of(law, name), split)", "return Rows(array_of(law, name), seed)"),
            ("if cloud.shape[1:] != self.shape:", "if False:", "bracket_doors"),
        ],
    ),
    "wganlab/compare/brackets/provable.py": (
        ("bracket",),
        [
            ("np.clip(self.ask(z), self.low, self.high) / self.lipschitz", "self.ask(z)"),
            ("if not np.isfinite(values).all():", "if False:"),
            ("if _state(copy) != weights:", "if False:"),
            ("if not bound < math.inf:", "if False:"),
            ("if over.max() > 1e-6 * scale:", "if False:"),
            ("if bound == 0:", "if False:", "bracket_doors"),
            (
                "scale = float(np.ptp(values))",
                "scale = float(np.abs(values).max())",
                "bracket_doors",
            ),
            ("if jump > ROUGH * reach:", "if False:", "bracket_doors"),
        ],
    ),
    "wganlab/compare/brackets/evidence.py": (
        ("bracket",),
        [
            ("self.means.append(float(f.mean() - g.mean()))", "self.means.append(float(f.mean()))"),
            ("mean - self.gap.radius(level) - unseen", "mean"),
            ("told = self.gap + self.excess", "told = self.excess"),
            ("excess = [distance - gap for", "excess = [distance + gap for"),
            ("return told.value + told.radius(level)", "return told.value - told.radius(level)"),
            ("2 * self.critic.reach, level)", "0.0, level)"),
            ("if self.reach > diameter * (1 + EDGE):", "if False:"),
            ("if 0 < far < SMALLEST:", "if False:", "bracket_doors"),
        ],
    ),
    "wganlab/compare/brackets/choice.py": (
        ("bracket",),
        [
            ("key=lambda name: self.scores[name]", "key=lambda name: -self.scores[name]"),
            ("return self.critics[name] if self.scores[name] > 0 else None", "return None"),
        ],
    ),
    "wganlab/compare/brackets/contest.py": (
        ("bracket",),
        [
            ("(heights - far).amax(dim=1)", "(heights + far).amax(dim=1)"),
            ("transport.critic(np.concatenate(flat))", "-transport.critic(np.concatenate(flat))"),
        ],
    ),
    "wganlab/compare/brackets/work.py": (
        ("bracket",),
        [
            ("share = 1 - EARLY * (LOOKS - 1) if last else EARLY", "share = 1.0"),
            ("lower=max(look.lower for look", "lower=min(look.lower for look"),
            ("upper=min(look.upper for look", "upper=max(look.upper for look"),
            ("return math.inf\n        return evidence", "return 0.0\n        return evidence"),
            ("self.history = [_without(look, critic.name)", "_ = [look", "bracket_doors"),
            ("half = {n: max(LEAST, (", "half = {n: max(1, (", "bracket_doors"),
        ],
    ),
    "wganlab/compare/truth_observers.py": (
        ("truth_observers",),
        [
            ("for points in (view.held_out, view.fake))", "for points in (view.real, view.fake))"),
            (
                "f_real = _array(view.f(view.held_out[:n]))",
                "f_real = _array(view.f(view.real[:n]))",
            ),
            ("counts >= 0.1 * len(fake) / len(modes)", "counts >= 1"),
            (
                "good = near.values < NEAR * view.law.spread",
                "good = near.values < 100 * view.law.spread",
            ),
            ("near.indices[good]", "near.indices"),
            (
                "(_array(law.sample(n, generator)) for _ in range(2))",
                "[_array(law.sample(n, generator))] * 2",
            ),
            ("exact.emd(_array(view.real[:n]), fake)", "exact.emd(real, fake)"),
            ("for some in (rows, law.unseen[:n])", "for some in (rows, rows)"),
        ],
    ),
    "wganlab/compare/features.py": (
        ("features",),
        [
            ('kernel="polynomial", unbiased=True)', 'kernel="polynomial")'),
            ("counts >= 0.1 * len(told) / len(counts)", "counts >= 0.2 * len(told) / len(counts)"),
            ("float(told.max(axis=1).mean())", "float(told.max())"),
            ("float(counts.max() / len(told))", "float(counts.max() / len(counts))"),
            (
                "kernel_distance(self.real_features, fake_features)",
                "kernel_distance(fake_features, fake_features)",
            ),
            (
                "self.real_features = features_of(self.features, held_out)",
                "self.real_features = features_of(self.features, real)",
            ),
            ("np.abs(sums - 1).max() > 1e-3", "np.abs(sums - 1).max() > 1e3"),
            ("all(map(torch.equal, self.real, now))", "True"),
        ],
    ),
    "wganlab/compare/neighbors.py": (
        ("features",),
        [
            ('"memorization": nearest / usual,', '"memorization": usual / nearest,'),
            ("both.topk(k, dim=1, largest=False)", "both.topk(k, dim=1, largest=True)"),
            (
                "torch.arange(start, start + len(y), device=x.device)",
                "torch.arange(len(y), device=x.device)",
            ),
            ("return best.sqrt(), where", "return best, where"),
            (
                "float(np.median(nearest_neighbors(fake, train)[0]))",
                "float(np.mean(nearest_neighbors(fake, train)[0]))",
            ),
        ],
    ),
    "wganlab/compare/estimates.py": (
        ("estimates",),
        [
            (
                "error=float(np.std(parts, ddof=1)) / math.sqrt(PARTS),",
                "error=float(np.std(parts, ddof=1)),",
            ),
            ("np.random.default_rng([seed, 1])", "np.random.default_rng(seed)"),
            ("math.sqrt(2 * pair.kl)", "math.sqrt(pair.kl)"),
            (
                "[1 - pair.real, pair.real], [1 - pair.fake, pair.fake]",
                "[1 - pair.real, pair.real], [pair.fake, 1 - pair.fake]",
            ),
            ("return DISJOINT.get(name) if pair.tv == 1 else None", "return DISJOINT.get(name)"),
            ("bound=rule.bound,", "bound=True,"),
        ],
    ),
    "wganlab/compare/resumable.py": (
        ("scoreboard", "benchmark"),
        [
            ("missing = [cell for cell in cells if cell.key not in done]", "missing = cells"),
            ("            rows.append(file, row, new=len(done) == 1)\n", ""),
            ("rows.read(file, kind, overwrite=overwrite)", "{}"),
        ],
    ),
    "wganlab/compare/fits.py": (
        ("scoreboard",),
        [
            ("        seed=seed,\n", "        seed=0,\n"),
            ("fit(replace(how, steps=0), *laws, seed)", "pass"),
        ],
    ),
    "wganlab/compare/board.py": (
        ("scoreboard",),
        [
            ("told.estimate < SURE * proven", "told.estimate < proven", "scoreboard"),
            (
                "self.laws.sample(self.n, np.random.default_rng(self.seed))",
                "self.laws.sample(self.n, np.random.default_rng(0))",
            ),
            (
                "told = [self.pair, self.method, str(self.seed), str(self.n), wganlab.__version__]",
                "told = [self.pair, self.method, str(self.n), wganlab.__version__]",
            ),
            ("repr(self.known), keys.of_recipe(self.how)]", "repr(self.known)]"),
            ("        digest.update(deeds)\n", ""),
            ("fitted(replace(how, critic=own),", "fitted(how,"),
            (
                "return self.pair, self.seed if self.is_sampled else None",
                "return self.pair, None",
            ),
            ("if told.wrong_sign:", "if not told.wrong_sign:"),
        ],
    ),
    "wganlab/compare/rows.py": (
        ("scoreboard",),
        [
            ('text[: text.rfind("\\n") + 1]', "text"),
            ("if not ours and not overwrite:", "if not ours and lines and not overwrite:"),
            ('{"true": True, "false": False}[text.lower()]', "bool(text)"),
        ],
    ),
    "wganlab/compare/tables.py": (
        ("scoreboard",),
        [
            ("float(values.std(ddof=1))", "float(values.std())"),
            ('("estimate/EM", "estimate", True)', '("estimate/EM", "estimate", False)'),
        ],
    ),
    "wganlab/compare/directions.py": (
        ("benchmark", "compare"),
        [
            ("(norms(gradients - true) ** 2)", "norms(gradients - true)"),
            ("where=lengths > 0).mean())", "where=lengths > 0).max())"),
            ("products, lengths, out=np.zeros_like", "products, 1.0, out=np.zeros_like"),
            ("return cosine(rows, true), squared_l2(rows, true)", "return cosine(rows, true), 0.0"),
            ('if pair is None or not hasattr(pair, "critic_gradient"):', "if pair is None:"),
            ("unit = largest if largest > LARGE else 1.0", "unit = 1.0"),
        ],
    ),
    "wganlab/compare/law_cells.py": (
        ("benchmark",),
        [
            ("x, y = law.sample(n, rng, paired=True)", "x, y = law.sample(n, rng)"),
            (
                "directions.at_real(gradients[0], law, x)",
                "directions.at_real(gradients[1], law, y)",
            ),
            ("(x - y)[far] / moved[far, None]", "(y - x)[far] / moved[far, None]"),
            ("rises - rises.mean() / moved.mean() * moved", "rises - rises.mean()"),
            ("self.critic_gap / self.exact if", "self.critic_gap / (self.population or 1) if"),
            (
                "fits.fitted(how, self.law, None, self.seed)",
                "fits.fitted(how, self.law, None, 0)",
            ),
            ('if told["critic_gap"] < 0:', 'if told["critic_gap"] > 0:'),
            ("repr(self.law), keys.of_recipe(self.how)]", "repr(self.law)]"),
            (
                "self.method, str(self.seed), str(self.n), wganlab",
                "self.method, str(self.seed), wganlab",
            ),
            ("                notes += diverged\n", ""),
            ("proven(critic, constraint, None,", "proven(critic, None, None,"),
        ],
    ),
    "wganlab/compare/brackets/sizes.py": (
        ("bracket",),
        [
            ('again("selection")  # of an array', 'again("upper")  # of an array'),
            ('    laws.again("selection")\n    pilot.transport', "    pilot.transport"),
        ],
    ),
    "wganlab/compare/law_brackets.py": (
        ("benchmark",),
        [
            ("Evidence(_drawn(pair), None)", "Evidence(_drawn(type(pair)()), None)"),
            ("return evidence.upper(LEVEL, corrected=False)", "return evidence.distance.value"),
            (
                "return evidence.lower(LEVEL, finite_sample=False)",
                "return evidence.gap.value + 0.01",
            ),
            ("    if choice.notes:\n", "    if False:\n"),
            ("Evidence(laws, choice.best)", "Evidence(laws, None)"),
        ],
    ),
    "wganlab/compare/law_board.py": (
        ("benchmark",),
        [
            ("if 16.0 * n * cell.laws.dim > LARGEST_BYTES:", "if n > LARGEST_BYTES:"),
        ],
    ),
    "wganlab/compare/law_tables.py": (
        ("benchmark",),
        [
            ('("gap/EM", "ratio")', '("gap/EM", "critic_gap")'),
            ("if len(set(dimensions.values())) == len(laws):", "if True:"),
            ("any(entry[AT_REAL] is None for entry in entries)", "False"),
            (
                "told = _published(laws, blank=2 * (len(laws) <= FEW)) if place == AT_REAL else {}",
                "told = {}",
            ),
        ],
    ),
    "wganlab/compare/published_rows.py": (
        ("benchmark",),
        [
            ("COST[name][k] / TRUTH[k]", "COST[name][k]"),
            ("COSINE[name][k], SQUARED_L2[name][k]", "SQUARED_L2[name][k], COSINE[name][k]"),
            ("(pair.funnels, pair.power) != (FUNNELS, POWER)", "pair.funnels != FUNNELS"),
            ("1.2657, 1.6842, 1.8886", "1.6842, 1.2657, 1.8886"),
        ],
    ),
    "wganlab/compare/stepthrough.py": (
        ("stepthrough",),
        [
            ("float(f_real.mean() - f_fake.mean())", "float(f_fake.mean() - f_real.mean())"),
            ("range(due - self._critic_step)", "range(due)"),
            (
                "exact_pull=-transport.critic_gradient(self._fake),",
                "exact_pull=transport.critic_gradient(self._fake),",
            ),
            ("            schedule.step()\n", "            pass\n"),
            ("        self._critic_step = 0\n        self._before", "        self._before"),
        ],
    ),
}

DOORS = {
    "wganlab/writing.py": (
        ("writing",),
        [
            ("return source.samefile(path) or", "return source == path or"),
            ("            os.link(part, place)", "            part.replace(place)"),
            ("    if not overwrite:\n        raise", "    if overwrite:\n        raise"),
        ],
    ),
    "wganlab/names.py": (
        ("names",),
        [
            ('.replace("$", r"\\$")', ""),
            ('return told.replace("<", "\\\\u003c")', "return told"),
            ('{"Cc", "Cf", "Zl", "Zp", "Cs"}', '{"Cf", "Zl", "Zp", "Cs"}'),
        ],
    ),
    "wganlab/data/columns.py": (
        ("data",),
        [
            ("found.append(int(name) - 1)", "found.append(int(name))"),
            ("return others, place, [", "return places, place, ["),
            ("or not (plain or histogram)", "or not plain"),
            ("array / total, [f", "array, [f"),
            ("kept.remove(place)", "pass"),
            ("if not counted and whole and", "if whole and"),
        ],
    ),
    "wganlab/data/funnel_files.py": (
        ("funnel_files",),
        [
            ('map_location="cpu", weights_only=True', 'map_location="cpu", weights_only=False'),
            ('("net.centers", "net.bias")', '("net.bias", "net.centers")'),
            ("if abs(bottoms).max() > HALF_SIDE:", "if bottoms.max() > 2 * HALF_SIDE:"),
            ("if bottoms.shape[1] in IMAGES:", "if False:"),
            ("not bool(tensor.isfinite().all())", "not bool(tensor.isfinite().any())"),
            ("    if len(found) == 1:", "    if found:"),
            ("not tensor.is_floating_point()", "False"),
            ("or len(bottoms) != len(offsets) or not", "or not"),
        ],
    ),
    "wganlab/report.py": (
        ("cli_bracket",),
        [
            ("math.floor(lower * 10**places)", "math.ceil(lower * 10**places)"),
            ("math.ceil(told * 10**places)", "math.floor(told * 10**places)"),
            ("if told is not None and not told > 2 * lower > 0:", "if told is not None:"),
        ],
    ),
    "wganlab/commands/bracket.py": (
        ("cli_bracket",),
        [
            ("confidence=self.confidence,", "confidence=0.95,"),
            ("radius=self.radius,", 'radius="asymptotic",'),
            ("diameter=self.diameter,", "diameter=None,"),
            ("shared=self.shared,", "shared=False,"),
            ("seed=self.seed,", "seed=0,"),
            ("plan=self._plan(),", "plan=None,"),
            ("stopped, found = stop, stop.bracket", "found = stop.bracket"),
            ("self._json([*before, told])", "self._json([told])"),
            ("if not self.b and not os.path.isdir(self.a):", "if not self.b:"),
            ("if self.plot is not None and len(pairs) > 1:", "if False:"),
            ("critics[name] if module is None else module", "critics[name]"),
        ],
    ),
    "wganlab/commands/sides.py": (
        ("cli_bracket",),
        [
            ("if whole or (first == second and not toys):", "if whole:"),
            ("whole = images and", "whole = False and"),
            ("if sets or (at and os.path.realpath(at) in files):", "if sets:"),
            ("return exact.Discrete(loaded.points, loaded.weights)", "return loaded.points"),
            ("law = data.image_law(source, shown.size,", "law = data.image_law(source, 28,"),
            ("if n <= self.max_points:", "if True:"),
        ],
    ),
    "wganlab/commands/run_bracket.py": (
        ("cli_bracket",),
        [
            ("min(SHARE * trained / runs, MOST)", "min(SHARE * trained, MOST)"),
            ("min(SHARE * trained / runs, MOST)", "SHARE * trained / runs"),
            ("return share if share >= LEAST else 0.0", "return share"),
            ('told.get("iteration") == iteration and', ""),
            ("0 <= numbers[0] <= numbers[1]", "True"),
            ('(asked == "auto" and read(folder, iteration) is not None)', "False"),
            ("            _write(folder, iteration, stop.bracket, sides)\n", "            pass\n"),
        ],
    ),
    "wganlab/commands/funnel_options.py": (
        ("funnel_files", "cli_compare"),
        [
            ("if asked not in (None, held):", "if asked is None:"),
            ("if None not in (told, self.power) and told != self.power:", "if False:"),
            ("power = self.power or told or POWER", "power = self.power or POWER"),
            ("self.funnels or FUNNELS", "FUNNELS"),
        ],
    ),
    "wganlab/data/files.py": (
        ("data",),
        [
            ("b.names.index(name) for name in a.names", "a.names.index(name) for name in a.names"),
            ("np.repeat(np.arange(len(shares)),", "np.repeat(np.arange(len(shares))[::-1],"),
        ],
    ),
    "wganlab/data/toys.py": (
        ("data",),
        [("np.cumsum(shares[kept])", "np.arange(1.0, len(kept) + 1)")],
    ),
    "wganlab/data/levels.py": (
        ("images",),
        [
            ("2.0**bits - 1 for bits", "2.0**bits for bits"),
            ("min(part.low for part in ranges)", "ranges[0].low"),
            ("max(part.high for part in ranges)", "ranges[0].high"),
            (".round().astype(np.uint8)", ".astype(np.uint8)"),
            ("BITS = (8, 10, 12, 14, 16)", "BITS = (16,)"),
        ],
    ),
    "wganlab/data/faces/sprites.py": (
        ("faces",),
        [
            ("shares = [there * len(some) / len(rows)", "shares = [there / len(alike)"),
            ("np.cumsum(share)[:-1]", "np.cumsum(share)[1:]"),
            ('u, side="right")', 'u, side="left")'),
            ("gain=gain / 255", "gain=gain / 256"),
        ],
    ),
    "wganlab/data/faces/law.py": (
        ("faces",),
        [
            (
                "levels = paints.levels(paints.choices(u)).round()",
                "levels = paints.levels(paints.choices(u))",
            ),
            ("levels.repeat_interleave(k, dim=1)", "levels.repeat_interleave(k, dim=2)"),
        ],
    ),
    "wganlab/data/faces/layers.py": (
        ("face_reading",),
        [
            ("2 * (rest * low).sum(axis=2) - square", "2 * (rest * low).sum(axis=2)"),
            ("(self.alpha[:, veils, None] - 1)", "self.alpha[:, veils, None]"),
            ("return ~whole.all(axis=0)", "return whole.all(axis=0)"),
        ],
    ),
    "wganlab/data/faces/reading.py": (
        ("face_reading",),
        [
            ("np.sqrt(k * k * apart + within)", "np.sqrt(apart + within)"),
            ("<= least).sum(axis=1) == 1", "<= least).sum(axis=1) >= 1"),
        ],
    ),
    "wganlab/compare/attributes.py": (
        ("attributes",),
        [
            ("BEYOND = 5.0", "BEYOND = 0.5"),
            ("HIDING.get(pair, 0.0) + BEYOND", "BEYOND"),
            (
                "law.whole.images[view.law.rows, ::k, ::k]",
                "law.whole.images[view.law.unseen, ::k, ::k]",
            ),
            ("(2 * np.sqrt(3) * self.side)", "(2 * np.sqrt(3) * 16)"),
            (
                "excess = mutual_information(x, y) - float(np.mean(chance))",
                "excess = mutual_information(x, y)",
            ),
        ],
    ),
}

CLAIMS = {
    "figures/wgan_claims.py": (
        ("wgan_claims",),
        [
            ('arrays["found"] >= FOUND * arrays["all"]', 'arrays["found"] >= 0 * arrays["all"]'),
            ('enough & (arrays["tv"] <= TV)', 'enough & (arrays["tv"] <= 1)'),
            ('(arrays["deviation"] <= DEVIATION)', '(arrays["deviation"] <= 1)'),
            ('arrays["found"] <= COLLAPSED', 'arrays["found"] >= COLLAPSED'),
            ("verdict(wgan & gan)", "verdict(wgan | gan)"),
            ("verdict(wgan & ~gan & ~close)", "verdict(wgan & ~gan)"),
            ("verdict(gan & ~wgan)", "verdict(gan | ~wgan)"),
            ("looked[0] = False", "looked[0] = True"),
            ("(emd[0] - arrays", "2 * (emd[0] - arrays"),
            ("follows.all() and not learns", "follows.any() and not learns"),
            ("verdict(np.array([not follows.any()]))", "verdict(np.array([not follows.all()]))"),
        ],
    ),
    "figures/face_attributes.py": (
        ("image_figures",),
        [
            ("view.fake[:n]", "view.fake"),
            ('"distinct": len(counts)', '"distinct": len(read)'),
            ("float(counts.max() / len(read))", "float(counts.min() / len(read))"),
            ('one.attribute}": one.tv', 'one.attribute}": one.share'),
        ],
    ),
}

TEXT = {
    "wganlab/data/alphabet.py": (
        ("language",),
        [
            ("PADDING, UNKNOWN = 0, 1", "PADDING, UNKNOWN = 1, 0"),
            ('np.argsort(-counts, kind="stable")', 'np.argsort(counts, kind="stable")'),
            ("[: size - SIGNS]", "[:size]"),
            ("np.uint8 if len(self) <= 256 else np.uint16", "np.uint8"),
            ("if chr(sign) not in self.characters), next(free))", "), next(free))"),
            (".rstrip(padding)", ".strip()"),
        ],
    ),
    "wganlab/data/language.py": (
        ("language",),
        [
            ("self.unseen: NDArray[np.int64] = unseen", "self.unseen = rows[-apart:]"),
            ("apart = held_out or min(max(round(SHARE * n), 1), MOST)", "apart = held_out or 1"),
            ("[torch.from_numpy(self.rows).to(device)]", ""),
            ("points.scatter_(1, codes.long()[:, None], 1.0)", "points"),
            ("argmax(dim=1)", "argmin(dim=1)"),
            ('raw.decode("utf-8-sig")', 'raw.decode("utf-8")'),
            ('re.split(r"\\r\\n|\\n|\\r", text)', "text.splitlines()"),
            ('if "\\0" in text:', 'if text == "\\0":'),
            ("(line.rstrip() for line", "(line.strip() for line"),
            ("return [line for line in lines if line]", "return list(lines)"),
            ('[: options["lines"]]', ""),
        ],
    ),
    "wganlab/learned/networks/language.py": (
        ("text_networks",),
        [
            ("SHARE = 0.3", "SHARE = 1.0"),
            ("self.first(x.relu()).relu()", "self.first(x).relu()"),
            ("nn.Softmax(dim=1)", "nn.Softmax(dim=2)"),
            ("padding=kernel // 2", "padding=0"),
            ("3 * 4 / (kernel * (inputs + outputs))", "3 * 2 / (kernel * (inputs + outputs))"),
            (
                'linear(latent, self.filters * length, "glorot"',
                'linear(latent, self.filters * length, "he"',
            ),
        ],
    ),
    "wganlab/compare/ngrams.py": (
        ("ngrams",),
        [
            ("keys = keys * size + codes", "keys = keys * 10 + codes"),
            ("places = codes.shape[1] - n + 1", "places = codes.shape[1] - n"),
            ("dtype=np.int64)", "dtype=codes.dtype)"),
            ("known = codes[law.rows]", "known = codes"),
            ("codes[law.unseen[: self.n]]", "known[: self.n]"),
            ("view.fake[: self.n]", "view.fake"),
            ("/ max(len(said), 1)", "/ max(len(set(said)), 1)"),
        ],
    ),
    "wganlab/learned/runs/text_presets.py": (
        ("text_training",),
        [
            ("    n_critic=10,", "    n_critic=5,"),
            ("latent=128", "latent=64"),
            ("    batch=64,", "    batch=32,"),
            ('_KEPT = ("objective", "constraint",', '_KEPT = ("constraint",'),
        ],
    ),
    "wganlab/learned/runs/origin.py": (
        ("text_training",),
        [
            ("parts = [law.codes.numpy(), letters,", "parts = [letters,"),
            ("(folder:|npz:|text:)?", "(folder:|npz:)?"),
        ],
    ),
    "wganlab/commands/text_table.py": (
        ("cli_text",),
        [('for end in ("", "_floor")', 'for end in ("_floor", "")')],
    ),
}

MUTATIONS = {**EXACT, **LEARNED, **COMPARE, **DOORS, **CLAIMS, **TEXT}
