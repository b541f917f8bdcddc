//! What the map shows at a moment.
//!
//! Does: holds layers with their points and codes, the view, what a person is drawing; finds what is under a pixel and
//! inside a region.
//! Does not know: signals, how anything is drawn.
//! Flow: store → **scene** → canvas or GPU.

use std::collections::BTreeMap;
use std::sync::Arc;

use plots::Theme;
use plots::frame::Marker;
use plotters::style::RGBColor;

use crate::map_view::colour::{HIDDEN, KINDS, MEASURED, OTHERS, PALETTE, SELECTED, STEPS};
use crate::map_view::grid::Grid;
use crate::map_view::region::Region;
use crate::map_view::selection::Selection;
use crate::map_view::view::{Bounds, View, growth};
use crate::map_view::{LayerId, point};

/// Pixels around the pointer in which a point counts as meant.
const REACH: f64 = 9.0;

/// Points of one kind.
pub(super) struct Layer {
    /// Which.
    pub(super) id: LayerId,
    /// In words.
    pub(super) name: String,
    /// Coordinates [n, 2].
    pub(super) points: Arc<Vec<f32>>,
    /// Codes [n].
    pub(super) codes: Vec<u32>,
    /// Counts up whenever points were replaced, not when they were appended.
    pub(super) placed: u32,
    /// Counts up whenever codes changed.
    pub(super) painted: u32,
    grid: Option<Grid>,
}

impl Layer {
    /// Shape of a layer's points.
    pub(super) fn marker(id: LayerId) -> Marker {
        match id {
            LayerId::Benchmark | LayerId::Measured | LayerId::Control => Marker::Disc,
            LayerId::Perturbed => Marker::Triangle,
            LayerId::OtherControl => Marker::Square,
            LayerId::Other => Marker::Diamond,
        }
    }

    /// Radius in CSS pixels at home.
    pub(super) fn radius(id: LayerId) -> f64 {
        match id {
            LayerId::Benchmark => 1.25,
            LayerId::Measured => 1.75,
            _ => 3.25,
        }
    }

    /// How opaque its points are.
    pub(super) fn alpha(id: LayerId) -> f64 {
        if id.is_generated() { 0.85 } else { 0.7 }
    }

    /// Points.
    pub(super) fn cells(&self) -> usize {
        self.points.len() / 2
    }

    /// Whether a point can be seen.
    fn shows(&self, index: usize) -> bool {
        self.codes.get(index).is_some_and(|code| code & HIDDEN == 0)
    }

    /// The layer's grid, made when it is first asked for.
    fn grid(&mut self) -> (&Grid, &[f32]) {
        let points = &self.points;
        (self.grid.get_or_insert_with(|| Grid::new(points)), points)
    }
}

/// The scene.
pub(super) struct Scene {
    /// Layers, the lowest first.
    pub(super) layers: Vec<Layer>,
    /// What is seen.
    pub(super) view: View,
    /// The fitted view.
    pub(super) home: View,
    /// Around all measured cells.
    pub(super) bounds: Bounds,
    /// CSS pixels.
    pub(super) size: (f64, f64),
    /// Whether the view follows the screen's size.
    pub(super) fitted: bool,
    /// Names of measured groups.
    pub(super) names: Vec<(String, (f32, f32))>,
    /// Colours and sizes.
    pub(super) theme: Theme,
    /// Colours by place.
    pub(super) palette: Vec<RGBColor>,
    /// The region being drawn, in pixels: two corners of a box or the line of a lasso.
    pub(super) outline: Option<(bool, Vec<(f64, f64)>)>,
    /// The point that is pointed at: layer, place.
    pub(super) marked: Option<(LayerId, usize)>,
    /// Whether anything is selected.
    pub(super) selecting: bool,
}

/// Colours by place in the palette.
pub(super) fn palette(theme: &Theme) -> Vec<RGBColor> {
    (0..PALETTE as u32)
        .map(|place| match place {
            MEASURED => theme.quiet,
            OTHERS => theme.faint,
            place if KINDS.contains(&place) => theme.kind((place - KINDS.start) as usize),
            place if STEPS.contains(&place) => {
                let share = f64::from(place - STEPS.start) / (STEPS.len() - 1) as f64;
                plots::cividis::cividis(theme, share)
            }
            _ => theme.faint,
        })
        .collect()
}

impl Scene {
    pub(super) fn new(theme: Theme) -> Self {
        let bounds = Bounds { low: (0.0, 0.0), high: (1.0, 1.0) };
        let home = View::fit(&bounds, (100.0, 100.0));
        Self {
            layers: Vec::new(),
            view: home,
            home,
            bounds,
            size: (100.0, 100.0),
            fitted: true,
            names: Vec::new(),
            palette: palette(&theme),
            theme,
            outline: None,
            marked: None,
            selecting: false,
        }
    }

    /// Takes a layer's points; those that only became more keep their places.
    pub(super) fn put(&mut self, id: LayerId, name: String, points: Arc<Vec<f32>>) {
        let Some(layer) = self.layers.iter_mut().find(|layer| layer.id == id) else {
            self.layers.push(Layer { id, name, points, codes: Vec::new(), placed: 1, painted: 1, grid: None });
            self.layers.sort_by_key(|layer| layer.id);
            return;
        };
        layer.name = name;
        if Arc::ptr_eq(&layer.points, &points) || layer.points == points {
            return;
        }
        if !points.starts_with(&layer.points) {
            layer.placed += 1;
        }
        layer.points = points;
        layer.grid = None;
    }

    /// Takes the codes of all layers and marks what is selected in them.
    pub(super) fn paint(&mut self, codes: Vec<Vec<u32>>, selection: &Selection) {
        self.selecting = !selection.is_empty();
        for (layer, mut codes) in self.layers.iter_mut().zip(codes) {
            for index in selection.in_layer(layer.id) {
                if let Some(code) = codes.get_mut(*index as usize) {
                    *code |= SELECTED;
                }
            }
            if layer.codes != codes {
                layer.codes = codes;
                layer.painted += 1;
            }
        }
    }

    /// Sets what the map reaches over; another map is fitted.
    pub(super) fn reach(&mut self, measured: &[f32], kept: Option<(Bounds, View)>) {
        let Some(bounds) = Bounds::around(measured) else { return };
        if bounds != self.bounds {
            // A view that was kept is one of this map only when it reaches over the same cells.
            let kept = kept.filter(|(of, _)| *of == bounds).map(|(_, view)| view);
            self.bounds = bounds;
            self.home = View::fit(&bounds, self.size);
            self.fitted = kept.is_none();
            self.view = kept.unwrap_or(self.home);
        }
    }

    /// Takes the screen's size in CSS pixels.
    pub(super) fn resize(&mut self, size: (f64, f64)) {
        if size != self.size {
            self.size = size;
            self.home = View::fit(&self.bounds, size);
            if self.fitted {
                self.view = self.home;
            }
        }
    }

    /// Fits the map.
    pub(super) fn fit(&mut self) {
        self.view = self.home;
        self.fitted = true;
    }

    /// Moves the map by pixels.
    pub(super) fn pan(&mut self, by: (f64, f64)) {
        self.view = self.view.panned(by).within(&self.bounds);
        self.fitted = false;
    }

    /// Magnifies about a pixel.
    pub(super) fn zoom(&mut self, about: (f64, f64), factor: f64) {
        self.view = self.view.zoomed(self.size, about, factor, &self.home).within(&self.bounds);
        self.fitted = false;
    }

    /// Middle of the screen.
    pub(super) fn middle(&self) -> (f64, f64) {
        (0.5 * self.size.0, 0.5 * self.size.1)
    }

    /// How much larger than at home points are drawn.
    pub(super) fn growth(&self) -> f64 {
        growth(self.view.magnification(&self.home))
    }

    /// Pixel of a map place.
    pub(super) fn pixel(&self, at: (f32, f32)) -> (f64, f64) {
        self.view.pixel(self.size, (f64::from(at.0), f64::from(at.1)))
    }

    /// Coordinates of a layer's point.
    pub(super) fn at(&self, id: LayerId, index: usize) -> Option<(f32, f32)> {
        point(&self.layers.iter().find(|layer| layer.id == id)?.points, index)
    }

    /// The uppermost visible point under a pixel; generated cells come before measured ones.
    pub(super) fn hit(&mut self, pixel: (f64, f64)) -> Option<(LayerId, usize)> {
        let at = self.view.place(self.size, pixel);
        let within = (REACH * self.view.unit) as f32;
        let at = (at.0 as f32, at.1 as f32);
        self.layers.iter_mut().rev().find_map(|layer| {
            layer.grid();
            let grid = layer.grid.as_ref()?;
            grid.nearest(&layer.points, at, within, |index| layer.shows(index)).map(|index| (layer.id, index))
        })
    }

    /// Visible points inside a region given in pixels.
    pub(super) fn inside(&mut self, lasso: bool, corners: &[(f64, f64)]) -> Selection {
        let places: Vec<(f64, f64)> = corners.iter().map(|pixel| self.view.place(self.size, *pixel)).collect();
        let region = match (lasso, places.first(), places.last()) {
            (true, _, _) => Region::Lasso(places),
            (false, Some(first), Some(last)) => Region::Box(*first, *last),
            _ => return Selection::default(),
        };
        Selection::new(self.layers.iter_mut().map(|layer| {
            layer.grid();
            let found = layer.grid.as_ref().map(|grid| region.select(grid, &layer.points, |index| layer.shows(index)));
            (layer.id, found.unwrap_or_default())
        }))
    }

    /// For each of a layer's points, the measured cell that is nearest to it.
    pub(super) fn nearest_measured(&mut self, id: LayerId, points: &[u32]) -> BTreeMap<u32, usize> {
        let places: Vec<(u32, (f32, f32))> =
            points.iter().filter_map(|index| Some((*index, self.at(id, *index as usize)?))).collect();
        let Some(measured) = self.layers.iter_mut().find(|layer| layer.id == LayerId::Measured) else {
            return BTreeMap::new();
        };
        let (grid, cells) = measured.grid();
        places.into_iter().filter_map(|(index, at)| Some((index, grid.closest(cells, at)?))).collect()
    }

    /// Points in all layers.
    pub(super) fn cells(&self) -> usize {
        self.layers.iter().map(Layer::cells).sum()
    }
}
